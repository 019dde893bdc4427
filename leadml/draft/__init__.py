"""A first leadml.toml from somebody's own files, with comments for the person who mends it."""

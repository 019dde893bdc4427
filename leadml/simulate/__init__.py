"""A company that never was, so that what leadml says can be compared with the truth."""

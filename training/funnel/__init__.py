"""How far do leads get, and what does it cost? Counted from the tables."""

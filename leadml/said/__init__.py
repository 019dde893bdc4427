"""What leadml says in the terminal, in plain words: one file a subject, one line an entry."""

"""Some rows of a source's tables: those of the leads that are asked for."""

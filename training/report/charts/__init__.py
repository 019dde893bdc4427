"""How do the figures look? One file a family of charts; all are drawn by `drawing`."""

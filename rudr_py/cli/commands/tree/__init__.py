"""`rudr tree`: the command, and the tree of objects by owner references."""

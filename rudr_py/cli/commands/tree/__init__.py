"""`rudr tree`."""

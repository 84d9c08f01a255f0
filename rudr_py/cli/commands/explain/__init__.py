"""`rudr explain`."""

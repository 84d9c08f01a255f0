"""`rudr completion`."""

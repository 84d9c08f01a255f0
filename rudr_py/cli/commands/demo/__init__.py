"""`rudr demo`."""

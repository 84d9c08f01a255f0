"""`rudr traits`."""

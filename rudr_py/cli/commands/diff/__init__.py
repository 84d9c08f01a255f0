"""`rudr diff`."""

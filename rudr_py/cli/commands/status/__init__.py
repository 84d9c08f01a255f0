"""`rudr status`."""

"""`rudr schema`."""

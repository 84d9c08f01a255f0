"""`rudr validate`."""

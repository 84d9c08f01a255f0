"""`rudr version`."""

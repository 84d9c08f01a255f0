"""`rudr run`."""

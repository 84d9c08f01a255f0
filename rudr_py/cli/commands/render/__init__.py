"""`rudr render`."""

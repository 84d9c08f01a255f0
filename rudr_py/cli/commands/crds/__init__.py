"""`rudr crds`."""

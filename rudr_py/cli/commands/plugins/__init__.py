"""`rudr plugins`."""

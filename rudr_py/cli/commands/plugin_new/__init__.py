"""`rudr plugin new`."""

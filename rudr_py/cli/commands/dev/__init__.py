"""`rudr dev`."""

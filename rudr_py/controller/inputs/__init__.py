"""The inputs of one reconcile, read from the caches, and the plans computed from them."""

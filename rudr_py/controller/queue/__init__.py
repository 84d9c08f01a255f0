"""The priority queue of reconcile requests."""

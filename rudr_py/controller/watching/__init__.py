"""Watches of the cluster, and the mapping of each event to the applications to reconcile."""

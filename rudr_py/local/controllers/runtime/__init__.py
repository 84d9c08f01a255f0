"""The runtime of the local controllers: API client, work queue, indexes, reconcile context, times."""

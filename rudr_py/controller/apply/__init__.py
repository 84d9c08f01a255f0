"""From a plan to the cluster: server-side apply, adoption, contention, pruning, finalizers."""

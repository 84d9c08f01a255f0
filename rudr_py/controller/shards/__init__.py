"""Shards of namespaces: which shard a namespace belongs to, and which process writes in it."""

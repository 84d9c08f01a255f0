"""Shards of namespaces: the shard of each namespace, and the processes that write in them."""

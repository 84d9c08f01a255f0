"""Replacement where Kubernetes changes nothing in place: objects with immutable fields, pods that block a rollout."""

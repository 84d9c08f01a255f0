"""Replacement where Kubernetes changes nothing in place: objects with immutable fields, and pods that block a rollout."""

"""Health-scope probes and root scopes."""

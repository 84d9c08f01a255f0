"""HTTP endpoints for health, metrics and health scopes."""

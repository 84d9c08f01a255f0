"""`rudr rbac`."""

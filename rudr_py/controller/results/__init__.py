"""The result of one reconcile: errors by meaning, missing rights, log fields."""

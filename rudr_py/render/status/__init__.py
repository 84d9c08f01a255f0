"""Observed objects to status: conditions, health, and Rudr's fields. Pure."""

"""Publishes the installed types as definition objects."""

"""Writes status to applications, instances and scopes."""

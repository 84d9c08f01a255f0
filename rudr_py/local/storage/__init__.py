"""Stored objects, their history, selectors and conversion between versions."""

"""Errors, selectors, object metadata and version conversion, used by all verbs of the API."""

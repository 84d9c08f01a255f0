"""Errors, selectors, object metadata and version conversion: what all verbs of the API share."""

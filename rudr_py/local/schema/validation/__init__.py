"""Validation of values against a schema: types, limits, formats, list keys and CEL rules."""

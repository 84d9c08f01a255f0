"""Parses YAML and JSON into model values, with the position of every error."""

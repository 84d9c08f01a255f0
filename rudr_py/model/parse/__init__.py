"""YAML and JSON to model values, with the position of every error."""

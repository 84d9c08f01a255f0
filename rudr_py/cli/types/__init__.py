"""Installed types for the command line: names, facts, schema fields, completion."""

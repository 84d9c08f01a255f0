"""Installed types on the command line: names, facts, schema fields, completion."""

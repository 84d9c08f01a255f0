"""Calls of types, and the rules for their properties, applicability and definitions."""

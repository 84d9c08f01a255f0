"""Loads plugins from entry points, checks and isolates them, and builds the catalog.

Nothing here reads documents or a cluster. No other package imports `builtin`.
"""

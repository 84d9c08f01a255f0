"""Shapes of published documents that differ from today's: one table, and the functions that rewrite them."""

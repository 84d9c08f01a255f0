"""The store of objects and the history of their changes."""

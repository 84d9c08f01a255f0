"""In-memory state of the controller: caches, field indexes and the inventory of applied objects."""

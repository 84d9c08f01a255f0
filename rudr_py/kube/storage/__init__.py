"""The storage of cached objects: their JSON texts, and the indexes over them. Sends no requests."""

"""How cached objects are kept: their JSON texts, and the indexes over them. Sends no requests."""

"""How the JSON texts of cached objects are kept. Sends no requests."""

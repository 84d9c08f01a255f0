"""The standard scopes: health and network."""

"""The standard traits: scaling, ingress, volumes."""

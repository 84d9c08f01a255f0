"""The objects that a cluster starts with: recorded ones of the API server, and the APIServices of its groups."""

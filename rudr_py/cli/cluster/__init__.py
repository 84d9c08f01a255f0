"""Access of commands to a cluster."""

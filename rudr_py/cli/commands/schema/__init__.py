"""`rudr schema`: the command, and the schema for editors."""

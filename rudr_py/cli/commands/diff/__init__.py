"""`rudr diff`: the command, dry runs of the objects, and the differences of documents."""

"""Reading a cluster: connection, lists and watches, and the preview of changes. Writes nothing."""

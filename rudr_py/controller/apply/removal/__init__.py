"""When objects are deleted that a change of the documents removes: after those that it adds are ready."""

"""The values that rendering takes and returns."""

"""`rudr dev`: the command, the embedded API, and the display of changes; `rudr demo` uses the latter two."""

"""`rudr up`, `rudr down` and `rudr logs`: run applications with an engine of a target on this machine."""

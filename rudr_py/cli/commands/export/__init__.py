"""`rudr export`: the files of a target, and their folder. `rudr up` uses it, too."""

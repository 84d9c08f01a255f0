"""Finds plugins by entry point, checks and isolates them, and builds the catalog.

guard       calls a function of a plugin so that it cannot hang or end the process
marker      who is being called right now, in memory that outlives the process
watchdog    ends the process when a call holds it up for good
quarantine  who ended a process before, remembered in a folder
checks      is this object a type that can be used?
conflicts   who gets a name that several plugins offer
discovery   the entry points of the installed packages, and our own built-in types
asking      what one plugin offers
loading     one plugin at a time through one door -> Loaded
rights      the rights that the installed types need
purposes    what each right is for, in words
roles       rights as objects of the cluster
scaffold    the package of a new plugin, from `templates`

Nothing here looks at documents or at a cluster, and nothing but this room imports `builtin`.
"""

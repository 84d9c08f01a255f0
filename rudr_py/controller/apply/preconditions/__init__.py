"""Checks before anything of an application is written: the sizes of nodes, and dry runs of objects of traits."""

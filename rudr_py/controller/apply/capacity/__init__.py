"""The check whether nodes are large enough for new pods, before anything of an application is written."""

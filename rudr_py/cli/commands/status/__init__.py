"""`rudr status`: the command, the reports of applications, and their text."""

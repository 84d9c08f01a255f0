"""The order of instances: whether those that others wait for are up to date, and the order of deletions."""

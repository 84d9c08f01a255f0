"""Connections to pods that last: logs that are followed, exec, attach and port-forward. No container runs."""

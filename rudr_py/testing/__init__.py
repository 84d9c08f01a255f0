"""What a plugin author, and this project itself, tests with: clusters to talk to and a controller that runs.

cluster      a handle on any cluster: apply, read, wait for an event, run a controller
clock        time that passes only when a test says so
"""

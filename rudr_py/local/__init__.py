"""A Kubernetes API server in one process, for first tries and tests.

It keeps objects in memory, serves HTTP to real clients, and runs the controllers that make workloads progress. It knows
nothing of OAM and imports nothing of the project but `rudr_py.errors`. Everything below `verbs` runs without awaiting,
so each request is atomic.
"""

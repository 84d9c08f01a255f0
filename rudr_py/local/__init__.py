"""A Kubernetes API server in one process, for first tries and tests.

It stores objects in memory, serves HTTP to clients, and runs the controllers of workloads. It does not depend on OAM
and imports only `rudr_py.errors` of the project. Verbs and everything below them run without `await`, so each request
is atomic.
"""

"""A Kubernetes API server in one process, for tries and tests.

It keeps objects in memory, speaks HTTP to real clients and runs the few controllers that make workloads move.
It knows nothing of OAM, and imports nothing of ours but `rudr_py.errors`.

The way of a request: `server` (routes) → `handlers` (negotiation, one function per verb) → `api` (the verbs, without
transport) → `schema` and `merge` (what a body may say, who owns which field) → `store` (objects and their history).
"""

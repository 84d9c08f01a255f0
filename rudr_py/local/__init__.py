"""A Kubernetes API server in one process, for tries and tests.

It keeps objects in memory, speaks HTTP to real clients, and runs the few controllers that make workloads move. It
knows nothing of OAM, and imports nothing of ours but `rudr_py.errors`.

Around:
cluster      a cluster from start to end, as one context manager
server       requests on a socket, and gates around them
faults       what can go wrong, on order of a test; `distortions` of what watches tell
routing      path and method -> verb, resource, name
verbs        one function per verb: a request as values -> an answer; `bodies`, `protobuf` and `protobuf_fields` read,
             `views` and `columns` (of `cells`, by `jsonpath` and `printers`) show, `watching` streams,
             `reviews` tell who may what, `subresources` are created under objects, `logs` read; `duplicates` are
             keys that a body has twice
discovery    what is served; `openapi` with which schemas, and in the old form by `swagger`
direct       the same verbs without HTTP, for the controllers: an `objects.Objects`

Inside, all of it without awaiting:
writes       create, update, patch, apply: `decoding` (with `nulls`), `isolation` of what a door may not change,
             `admission`, `limits` (by `quota`), `inspection`, `scaling`; beside it `deletion` and `reads` (by
             `selectors`)
rules        what a built-in kind does when it is written; `schedule` is that of CronJobs
crds         definitions: accepted, served, gone with their objects
kinds        the built-in kinds; `resources` is the registry of all that are served, `conversion` between versions
names        the rules for metadata
status       errors in the real server's words
world        what all these work on: store, registry, clock and chance
store        the objects and the history of their changes

Rooms of their own:
access       who may do what: tokens, impersonation, RBAC; `certificates` makes what TLS needs
schema       what a body may say
merge        who owns which field, and the three patch formats
controllers  garbage collection, namespaces, workloads, pods

`copying` copies JSON.
"""

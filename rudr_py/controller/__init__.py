"""The tasks of the controller are started here, and only here. Joins `render`, which decides, and `kube`, which speaks.

assembly     the one wiring function
runner       every task in one TaskGroup; workers; the graceful stop; when a key is tried again
sources      one watch for each kind -> caches -> keys
triggers     a change -> the keys of the applications that it concerns. Pure.
world        the caches, and what belongs to what
queue        keys: each once, in flight once, delayed, backed off
ranking      the queue's order
reconcile    one key, once
outcome      what came of it
syncing      applies in order, then prunes
apply        one object, made as planned
body         what is sent: owner, precondition, hash. Pure.
fields       who owns which field. Pure.
handover     leaves a field to others without resetting it
strangers    whose is an object? Pure.
prune        deletes what is surely ours and not planned
ledger       what we applied
report       writes status
endpoints    /healthz, /readyz, /metrics
metrics      the names of controller-runtime
"""

from rudr_py.controller.assembly import assemble
from rudr_py.controller.runner import Controller

__all__ = ["Controller", "assemble"]

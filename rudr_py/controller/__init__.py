"""The tasks of the controller are started here, and only here. Joins `render`, which decides, and `kube`, which speaks.

assembly     the one wiring function
runner       every task in one TaskGroup; workers; the graceful stop; when a key is tried again
leadership   whether this process is the one that writes
sources      one watch for each kind -> caches -> keys; seeking looks for kinds that are not served
current      which reconcile is under way, for log lines
triggers     a change -> the keys of the applications that it concerns
world        the caches, and what belongs to what
groups       who is in which scope
definitions  the definitions of the cluster, and who uses which; publishing keeps those of the installed types
queue        keys: each once, in flight once, delayed, backed off
ranking      the queue's order
reconcile    one key, once
reading      what rendering may look at
components   ComponentSchematics, parsed once
plans        what was rendered, while it still holds
probing      asks members of health scopes, now and again
rooting      creates root scopes where they were asked for
outcome      what came of it
syncing      applies in order, then prunes
apply        one object, made as planned
body         what is sent: owner, precondition, hash. Pure.
fields       who owns which field. Pure.
drift        who changed what, in words. Pure.
fights       when to give way to somebody who undoes our writes
once         tasks: what is done about an object that runs to its end
takeover     makes Rudr's entry of an object ours
handover     leaves a field to others without resetting it
reclaim      ends, with its application, what has no owner and goes with it
strangers    whose is an object? Pure.
prune        deletes what is surely ours and not planned
denials      the rights that we turned out to lack
failures     what an error means for an object and its application. Pure.
ledger       what we applied
recent       what is remembered for some seconds only
report       writes status; telling does so for instances and scopes
endpoints    /healthz, /readyz, /metrics, health scopes; the heartbeat behind them
metrics      the names of controller-runtime; its `series` count, and `tally` holds what applications add
"""

from rudr_py.controller.assembly import assemble
from rudr_py.controller.runner import Controller

__all__ = ["Controller", "assemble"]

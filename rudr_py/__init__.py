"""rudr_py: the Open Application Model (OAM v1alpha1) on Kubernetes.

The rooms, top to bottom; each may use the ones below it:

cli          the commands `rudr` and `kubectl rudr`; builds everything from what the user asked for
testing      what a plugin author tests with: fixtures, a local cluster, the conformance suite
local        a Kubernetes API in one process, for tries and tests; knows nothing of OAM
controller   the tasks of the controller: triggers, queue, reconcile, apply, prune, status
plugins      finds plugins by entry point, checks and isolates them, builds the catalog
render       documents + catalog + observed + now -> plan; observed -> status. Pure.
kube         connections to a cluster: config, client, watch, cache, discovery, events
builtin      the standard workload types and traits, through the same door as anyone's
catalog      name -> type, frozen, with the nearest known name for an unknown one
hookspecs    the one hook of a plugin
api          what a plugin imports, and all that it may import
model        OAM documents as frozen values: parse, locate errors, resolve parameters. Pure.
errors       the tree of exceptions
settings     every setting of the controller, in one frozen value
"""

__version__ = "0.1.0.dev0"

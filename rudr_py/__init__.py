"""rudr_py: the Open Application Model (OAM v1alpha1) on Kubernetes.

The packages, top to bottom; each may import the ones below it:

cli          the commands `rudr` and `kubectl rudr`; composition root
testing      test kit for plugin authors: fixtures, a local cluster, the conformance suite
local        a Kubernetes API in one process, for trials and tests; independent of OAM
controller   watch, queue, reconcile, apply, prune, status
plugins      discovers, checks and isolates plugins; builds the catalog
render       documents + catalog + observed objects + time -> plan; observed objects -> status. Pure.
kube         access to a cluster: config, client, watch, cache, discovery, events, lease
builtin      the standard workload types, traits and scopes, registered like any plugin
catalog      name -> type, immutable
hookspecs    the plugin hook
json_schema  validators for JSON Schema whose work is bounded
api          the public API for plugins
model        OAM documents as immutable values: parse, locate errors, resolve parameters. Pure.
patterns     regular expressions of schemas, matched in linear time
ages         durations as kubectl prints them
errors       all exceptions
settings     all settings of the controller
"""

__version__ = "0.1.0.dev0"

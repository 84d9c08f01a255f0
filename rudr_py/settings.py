"""Every setting of the controller, in one frozen value.

Nothing here reads the environment, a file or a flag: `cli` does, and hands the value down.
Times are seconds. A field is documented in place.
"""

from __future__ import annotations

import msgspec

FIELD_MANAGER = "rudr"
"""The field manager of everything that the controller applies."""

HANDOVER_MANAGER = "rudr-handover"
"""The field manager that holds a field between our giving it up and its next owner taking it."""


class LeaderElection(msgspec.Struct, frozen=True, kw_only=True):
    """How one of several processes is made the leader.

    `lease_duration` must be more than `renew_deadline`, and that more than 1.2 times `retry_period`.
    """

    namespace: str
    """Where the Lease is."""

    identity: str
    """Who we are in the Lease; no other process may ever be called so."""

    name: str = "rudr-py"
    """The name of the Lease; the processes of one installation share it."""

    lease_duration: float = 15.0
    """Others take over so many seconds after they saw the last renewal; they read it from the Lease, rounded up."""

    renew_deadline: float = 10.0
    """A leader that could not renew for so long ends. The distance to `lease_duration` is how much clocks may differ in
    rate, and the time that the server may still be busy with what the leader had sent."""

    retry_period: float = 2.0
    """The pause between two renewals of a leader, and at most between two looks of the others."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the controller was told. The defaults are those of `rudr run` without flags."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to watch; empty means all."""

    definitions_namespace: str = "rudr-system"
    """Where Trait, WorkloadType and ApplicationScope objects are read from."""

    publish_definitions: bool = True
    """Whether the installed types are published there, while the namespace exists and our rights allow it."""

    workers: int = 16
    """How many applications are reconciled at once."""

    retry_initial: float = 0.05
    """The first pause after a failed reconcile; it doubles with each further failure of the same key."""

    retry_maximum: float = 300.0
    """The longest pause between two tries of a failing key."""

    refused_retry: float = 60.0
    """The pause after the server refused an object (quota, webhook, policy); grows to five times this, jittered."""

    status_interval: float = 1.0
    """At most one status write per object in this time."""

    request_timeout: float = 30.0
    """Total time for one request that is not a watch."""

    watch_timeout: int = 290
    """`timeoutSeconds` of a watch; the server closes it then and we resume."""

    watch_silence: float = 70.0
    """A watch that says nothing, not even a bookmark, for this long is taken for dead."""

    list_page: int = 500
    """Page size of lists."""

    stop_grace: float = 25.0
    """How long a stop waits for reconciles under way and for giving up the lease. Kubernetes kills after 30 s."""

    root_scopes: bool = False
    """Whether every namespace with applications gets the application `root`, whose health and network scope take the
    instances of core workload types that are in no other scope of that type. It puts NetworkPolicies on all of them:
    their declared ports stay open to everyone, others only to each other."""

    image_pull_policy: str = ""
    """`imagePullPolicy` for every container; empty leaves it to Kubernetes."""

    health_address: str = ":8081"
    """Where /healthz and /readyz are served; empty for nowhere."""

    metrics_address: str = ":8080"
    """Where /metrics (and Rudr's /health) is served; empty for nowhere."""

    health_scope_address: str = ""
    """Where `GET /<healthscope>` answers `healthy` or `unhealthy`, as Rudr's healthscope did; empty for nowhere."""

    identity: str = "rudr"
    """The name of this process in events: pod name, or host name."""

    leader_election: LeaderElection | None = None
    """How to find out whether this process leads; None: it is the only one, and always does."""

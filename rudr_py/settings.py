"""All settings of the controller, in one frozen value.

Nothing here reads the environment, files or flags: `cli` does, and passes the value on. Times are seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

FIELD_MANAGER = "rudr"
"""The field manager of everything that the controller applies."""

HANDOVER_MANAGER = "rudr-handover"
"""The field manager that owns a field between the release by rudr and the first write of its next owner."""


SENSITIVE_WORDS = (
    "apikey",
    "credential",
    "credentials",
    "key",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "pwd",
    "secret",
    "token",
)
"""The words in names of parameters, variables, environment variables and properties whose values are sensitive, unless
the user chooses others."""

ResourceCheck = Literal["auto", "off", "warn", "refuse"]
"""The values of `Settings.check_resources`."""


RemovalPolicy = Literal["after-ready", "first", "keep"]
"""The values of `Settings.removal_policy`."""


ComponentUpdates = Literal["automatic", "manual"]
"""The values of `Settings.component_updates`."""


PodSecurityProfile = Literal["none", "restricted", "namespace"]
"""The values of `PlatformDefaults.pod_security`."""


class LeaderElection(msgspec.Struct, frozen=True, kw_only=True):
    """The election of one of several processes as the leader.

    `lease_duration` must be more than `renew_deadline`, and that more than 1.2 times `retry_period`.
    """

    namespace: str
    """The namespace of the Lease."""

    identity: str
    """The name of this process in the Lease; it must be unique among all processes, also past ones."""

    name: str = "rudr-py"
    """The name of the Lease; the processes of one installation share it."""

    lease_duration: float = 15.0
    """Seconds from the last observed renewal until another process takes over; written to the Lease, rounded up."""

    renew_deadline: float = 10.0
    """A leader that cannot renew for this time exits. The difference to `lease_duration` allows for different rates of
    clocks, and for requests of the leader that the server still processes."""

    retry_period: float = 2.0
    """The interval between renewals of the leader, and the longest interval between reads of other processes."""

    shards: int = 1
    """The number of parts into which the namespaces are divided. With more than one, the replicas divide the shards
    among them: each shard has a Lease of its own, whose name ends in its number."""

    @property
    def leases(self) -> tuple[str, ...]:
        """The names of all Leases; with several shards, the first is that of all replicas together."""
        return (self.name, *(f"{self.name}-{shard}" for shard in range(self.shards if self.shards > 1 else 0)))


class Impersonation(msgspec.Struct, frozen=True, kw_only=True):
    """The service accounts in whose names the objects of applications are written.

    The account of an application is in its own namespace. The annotation `rudr.oam.dev/service-account` of the
    application names it, else that of its namespace.
    """

    account: str = "rudr-apps"
    """The name of the account where no annotation names another one."""

    application_annotation: bool = True
    """Whether the annotation of an application is used; if not, only that of its namespace."""


class PlatformDefaults(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of pods that the infrastructure operator decides for all applications.

    They are set only where the component and the traits of an instance leave a field open. Amounts are quantities of
    Kubernetes, by the name of a resource: `cpu`, `memory`, `ephemeral-storage`.
    """

    requests: Mapping[str, str] = {}
    """The requests of each container, for example `{cpu: 100m, memory: 128Mi}`. A default is at most the limit of its
    container. It replaces Rudr's defaults, 0.1 CPU and 128 MiB, which apply otherwise."""

    limits: Mapping[str, str] = {}
    """The limits of each container. A default is at least the request of its container."""

    pod_security: PodSecurityProfile = "none"
    """The security contexts of pods and containers: `none`, as in Rudr; `restricted`, as the Pod Security Standard of
    this name requires; `namespace`, restricted where the namespace has the label
    `pod-security.kubernetes.io/enforce: restricted`, else none."""

    image_pull_policy: str = ""
    """The `imagePullPolicy` of each container: Always, IfNotPresent or Never; empty for the default of Kubernetes."""


NO_DEFAULTS = PlatformDefaults()
"""The defaults of a controller without settings of its own: pods as in Rudr."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of one application and of its documents. They bound the work and the memory for it, not its time.

    An application beyond one of them is refused: its condition `Valid` is False with the reason `TooLarge`, and nothing
    of it is written or deleted.
    """

    values: int = 50_000
    """Maps, lists, texts, numbers and other values in one document, including the keys' values in its metadata."""

    components: int = 1_000
    """Instances of an application: the entries of its `components`."""

    traits: int = 100
    """Traits of one instance."""

    scopes: int = 200
    """Scopes that an application declares, and scopes that one instance joins."""

    members: int = 5_000
    """Instances in one scope, of all applications of the namespace."""

    parameters: int = 5_000
    """Parameters that a component declares, and values of parameters in all instances of an application."""

    variables: int = 1_000
    """Variables of an application."""

    containers: int = 100
    """Containers of a component."""

    ignored_fields: int = 200
    """Fields in the annotation `rudr.oam.dev/ignore-differences` of an application."""

    expanded_values: int = 300_000
    """Values of all instances with their components: those of an instance count once for its workload type and once for
    each of its traits, because each type gets them all."""

    instance_values: int = 16_000
    """Values of one instance, after parameters are replaced: its component and the properties of its traits. A type
    gets them in one call, which cannot be interrupted."""

    expanded_bytes: int = 8 * 2**20
    """Bytes of text of all instances with their components, after parameters and variables are replaced."""

    objects: int = 2_000
    """Objects of an application. The files in `config` of all instances are counted before anything is rendered."""

    object_bytes: int = 16 * 2**20
    """Bytes of all objects of an application, as JSON."""

    problems: int = 100
    """Errors, and warnings, that are listed for an application; further ones are only counted. Refuses nothing."""


DEFAULT_LIMITS = Limits()
"""The limits of a controller without settings of its own."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of the controller. The defaults are those of `rudr run` without flags."""

    namespaces: tuple[str, ...] = ()
    """Namespaces to watch; empty means all."""

    definitions_namespace: str = "rudr-system"
    """The namespace of Trait, WorkloadType and ApplicationScope objects."""

    publish_definitions: bool = True
    """Whether the installed types are published there, if the namespace exists and the rights suffice."""

    workers: int = 16
    """The number of applications that are reconciled concurrently; one namespace may take three quarters of them."""

    retry_initial: float = 0.05
    """The first backoff after a failed reconcile; it doubles with each further failure of the same key."""

    retry_maximum: float = 300.0
    """The maximum backoff of a failing key."""

    refused_retry: float = 60.0
    """The backoff after the server rejected an object (quota, webhook, policy); up to five times this, with jitter, and
    more for all but one of the applications of a namespace that are rejected for the same reason."""

    status_interval: float = 1.0
    """The minimum interval between status writes of one object; of one that shows only the progress of a rollout, 30
    times as long."""

    request_timeout: float = 30.0
    """The timeout of a request that is not a watch."""

    watch_timeout: int = 290
    """`timeoutSeconds` of a watch; the server closes it then, and it is resumed."""

    watch_silence: float = 70.0
    """A watch without any event, bookmarks included, for this time is considered broken and is restarted."""

    list_page: int = 500
    """The page size of lists."""

    state_dir: str = ""
    """The folder in which applications are recorded while they are rendered, so that one that ended two processes is
    not reconciled until its documents change; empty: they are not recorded."""

    cache_mebibytes: int = 64
    """The size of the cached documents that stay in memory. One namespace may take a fourth of it; further documents of
    more than 2 KiB are kept in a temporary file."""

    sensitive_words: tuple[str, ...] = SENSITIVE_WORDS
    """The words that make values of parameters, variables, environment variables and properties sensitive if their
    names contain one. Messages contain no values at all; facts that types show in the status contain no sensitive ones.
    """

    revision_history_limit: int = 10
    """The number of revisions that are kept of each application, as ControllerRevision objects; 0 keeps none."""

    removal_policy: RemovalPolicy = "after-ready"
    """The time at which instances and objects are deleted that a change of the documents removes, where the annotation
    `rudr.oam.dev/removal` of the application does not name another one: `after-ready`, when the instances and objects
    that the change adds are ready; `first`, at once; `keep`, only with the application."""

    removal_deadline: float = 600.0
    """The time after which an application is reported as failed whose added instances and objects have not become
    ready, with `after-ready`. The removed ones stay then, until the added ones become ready or the documents change."""

    component_updates: ComponentUpdates = "automatic"
    """Whether applications without the annotation `rudr.oam.dev/component-updates` take a change of their components at
    once, `automatic`, or run those of their current revision until the change is promoted, `manual`, which requires
    that revisions are kept."""

    stop_grace: float = 25.0
    """The time for running reconciles and for the release of the lease at shutdown. Kubernetes kills after 30 s."""

    root_scopes: bool = False
    """Whether every namespace with applications gets the application `root`, whose health and network scope contain the
    instances of core workload types that are in no other scope of that type. NetworkPolicies then apply to all of
    them: declared ports stay open to everything, other ports only to each other."""

    instance_statuses: bool = False
    """Whether every ComponentInstance has Rudr's status, `healthy` or `unhealthy`, for clients that read it. If not,
    only the members of scopes have it, and those that have one already, which is kept current."""

    check_resources: ResourceCheck = "auto"
    """The treatment of an application with new pods that are too large for every node, or request a GPU or an extended
    resource that no node has: `refuse` applies nothing of it until a node is large enough, `warn` adds a warning to its
    status, `off` reads no nodes. `auto` refuses it if no autoscaler can add nodes, which is so when no node has the ID
    of a cloud provider, and warns otherwise."""

    defaults: PlatformDefaults = NO_DEFAULTS
    """The defaults for the pods of all applications."""

    health_address: str = ":8081"
    """The address of /healthz and /readyz; empty to disable them."""

    metrics_address: str = ":8080"
    """The address of /metrics (and Rudr's /health); empty to disable it."""

    health_scope_address: str = ""
    """The address of `GET /<healthscope>`, which returns `healthy` or `unhealthy` as in Rudr; empty to disable it."""

    identity: str = "rudr"
    """The name of this process in events: the pod name, or the host name."""

    impersonation: Impersonation | None = None
    """Write the objects of each application as a service account of its namespace; None to write them with the
    permissions of the controller."""

    limits: Limits = DEFAULT_LIMITS
    """The limits of one application."""

    leader_election: LeaderElection | None = None
    """The leader election; None if this process is the only one and always the leader."""

"""The values that a type returns: manifests, edits, scales, probes, health. Frozen, with JSON-compatible fields.

No value here contains a namespace or an owner: the core adds those.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Self

import msgspec

from rudr_py.errors import Problem
from rudr_py.model.kinds import Kind

Json = None | bool | int | float | str | list[Any] | dict[str, Any]
"""Any JSON value."""

Path = tuple[str | dict[str, str], ...]
"""A place in a manifest: keys, and for an entry of a keyed list the keys that name it:
`("spec", "template", "spec", "containers", {"name": "web"}, "image")`."""

EMPTY: Mapping[str, Any] = {}


class Ref(msgspec.Struct, frozen=True, gc=False):
    """One object of a kind, always in the application's own namespace.

    Guarantees: equal to `manifest.ref` of the manifest of that kind and name; formatted as kubectl does.
    Assumptions: it names an object of the same instance, which any of its types may have added.
    Errors: an edit of an object that the instance does not have is rejected, at the trait that returned it.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        """As kubectl names it: `deployment.apps/web`, `service/web`."""
        group = f".{self.kind.group}" if self.kind.group else ""
        return f"{self.kind.kind.lower()}{group}/{self.name}"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """A desired object.

    Guarantees: the core adds namespace, owner, its own labels and annotations, applies the object, corrects drift and
    prunes it.
    Assumptions: `body` is the object without apiVersion, kind and metadata; `name` has at most 63 characters and comes
    from `ctx.name(...)`; the kind is one of the type's `produces`.
    Errors: another kind, a longer name, metadata in the body, or a body that is not JSON is a fault of the plugin; an
    object that two types or two instances add is rejected. The condition `Synced` reports an error of the
    API server; other instances are not affected.

    `retain`: the object outlives its application (a volume claim): it gets no owner and is never pruned.
    `delete_with_application`: the object gets no owner either and is never pruned, but a finalizer on the application
    deletes it by uid if the last documents of the application still add it so. It is kept while a workload of another
    application mounts it. Not together with `retain`.
    `adopt`: an existing object of another owner is taken over, unless another application uses it; the object is never
    created. Only together with `retain` or `delete_with_application`.
    `run_once`: the object runs to its end (a Job): it is created once per change of the instance's inputs.
    """

    kind: Kind
    name: str
    body: dict[str, Any]
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    retain: bool = False
    delete_with_application: bool = False
    adopt: bool = False
    run_once: bool = False

    @property
    def ref(self) -> Ref:
        """The object that this manifest describes."""
        return Ref(self.kind, self.name)


class SetField(msgspec.Struct, frozen=True):
    """An edit: the field at `path` of the object `ref` gets `value`.

    Guarantees: applied after all types have rendered; the order of edits makes no difference; missing maps and keyed
    entries along the path are created.
    Assumptions: the path is inside the body, or is a label or an annotation: `("metadata", "labels", "team")`.
    Errors: two edits of one path, or of one path inside the other, are rejected with the names of both types; a path
    through anything but maps and keyed lists is a fault of the plugin.
    """

    ref: Ref
    path: Path
    value: Json


class DropField(msgspec.Struct, frozen=True):
    """An edit: the field at `path` of the object `ref` is left to other managers.

    With `handover`, a value that rudr applied before stays when rudr gives up the field; without it, the server resets
    the field. With `initial`, the field is part of the object when it is created, and only then; its value is never
    reverted and never changed afterwards, as with an ignore rule of the user. It implies `handover`.

    Guarantees: an absent field is no error; with `handover`, no value changes when the field is released.
    Assumptions: as for `SetField`.
    Errors: as for `SetField`; a `SetField` and a `DropField` of one path are two edits of it.
    """

    ref: Ref
    path: Path
    handover: bool = False
    initial: bool = False


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """The number of replicas of an instance: returned by traits, translated into fields by the workload type.

    The core merges the scales of all traits of an instance, in any order: one base of `exact`, `between` or `external`;
    `hold` alone counts as `exact`; `hold` on a `between` raises its minimum and, if need be, its maximum; a `hold` on
    anything else, two bases or two holds are rejected before anything is applied.

    Create one with `exact`, `between`, `hold` or `external`; `form` is `exact`, `range`, `hold` or `external`. `peak`
    is the greatest number of a hold or an external scale at any time, 0 if it is not specified.

    Guarantees: the workload type gets one scale, in one of its `scale_forms`, independent of the order of traits.
    Assumptions: numbers are not negative, and a minimum is not above its maximum.
    Errors: other numbers are a fault of the plugin; scales that cannot be merged, or whose form is not one of
    `scale_forms`, are rejected before anything is applied, with the names of the traits.
    """

    form: Literal["exact", "range", "hold", "external"]
    replicas: int = 0
    minimum: int = 0
    maximum: int = 0
    metrics: tuple[dict[str, Any], ...] = ()
    behavior: dict[str, Any] | None = None
    peak: int = 0

    @property
    def most(self) -> int | None:
        """The greatest number of replicas at any time; None if another manager sets it, without a limit."""
        if self.form == "external":
            return self.peak or None
        return max(self.replicas, self.maximum, self.peak)

    @classmethod
    def exact(cls, replicas: int) -> Self:
        """This number, set by rudr."""
        return cls(form="exact", replicas=replicas)

    @classmethod
    def between(
        cls,
        minimum: int,
        maximum: int,
        metrics: tuple[dict[str, Any], ...] = (),
        behavior: dict[str, Any] | None = None,
    ) -> Self:
        """Autoscaled between two bounds. `metrics` and `behavior` have the format of autoscaling/v2."""
        return cls(form="range", minimum=minimum, maximum=maximum, metrics=metrics, behavior=behavior)

    @classmethod
    def hold(cls, replicas: int, *, peak: int = 0) -> Self:
        """At least this number at present: a temporary minimum. `peak` is the greatest one at any time."""
        return cls(form="hold", replicas=replicas, peak=peak)

    @classmethod
    def external(cls, *, peak: int = 0) -> Self:
        """Another manager sets the number of replicas; rudr never writes it. `peak` is the greatest one at any time."""
        return cls(form="external", peak=peak)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A permission that the controller needs for a type, beyond those that `produces` and `observes` imply.

    As in a ClusterRole: `verbs` on `resources` (plurals, lower case) of API `groups` ("" is the core group).

    Guarantees: `rudr rbac` prints it; nothing is granted automatically.
    Assumptions: kinds in `produces` and `observes` need no rule, unless the plural of a kind cannot be guessed.
    Errors: the applications that need a missing permission report it in a condition.
    """

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A network probe of a member of a scope, which the core sends on behalf of the scope type.

    Times are whole seconds: a request every `interval` seconds, with a timeout of `timeout` seconds. `target` is a
    Service or a Pod of the member, `port` a port number of it. The `method` `httpGet` passes when a GET of `path` is
    answered with 2xx or 3xx in time (redirects are not followed), `tcp` when a connection is accepted.
    `name` is unique within the scope and the key in `ctx.probe_results`, which has no entry before the first result.

    The verdict is computed from the last `window` results: failed when more than `failure_rate` per cent failed,
    passed when at least `healthy_rate` per cent passed, otherwise unchanged.

    Guarantees: only the core sends requests; it reads at most 64 KiB; the scope is rendered again when a verdict
    changes.
    Assumptions: `target` belongs to a member of the scope, and the controller can reach it over the network.
    Errors: a target outside of the members, or two probes of one name, is a fault of the plugin; a target that does
    not exist or cannot be reached is a failed result.
    """

    name: str
    method: Literal["httpGet", "tcp"]
    target: Ref
    port: int
    path: str = "/"
    interval: int = 30
    timeout: int = 5
    window: int = 1
    failure_rate: float = 0.0
    healthy_rate: float = 100.0

    def verdict(self, results: Sequence[str | None], before: str | None = None) -> str | None:
        """The verdict for `results`, the oldest first; in a result, None is a success and a text the failure.

        `before` is the previous verdict. Returns None when the probe passes, else the last failure.
        """
        last = results[-max(self.window, 1) :]
        failures = [result for result in last if result is not None]
        if len(failures) * 100 > self.failure_rate * len(last):
            return failures[-1]
        passed = len(last) - len(failures)
        return None if passed and passed * 100 >= self.healthy_rate * len(last) else before


class Dependency(msgspec.Struct, frozen=True, kw_only=True):
    """Another instance of the same application for which an instance waits before its own changes are applied.

    `instance` is its name. The condition `ready` is that its workload is ready, `complete` that its workload has run to
    its end; either counts only when every object of that instance has been applied as its documents are now. After
    `timeout`, the wait is reported as failed, and continues. `path` is the place of the name inside the properties of
    the type, for errors.

    Guarantees: until the condition is met, the instance stays as it is, as with a `Hold`: nothing of it is created,
    changed or deleted. An instance whose objects are all up to date does not wait. The status has the reason `Held`,
    after a failure of the other instance `DependencyFailed`, and after `timeout` `DependencyTimeout`. An instance is
    deleted before those on which it depends.
    Assumptions: a workload type whose workload runs to its end provides `completion`.
    Errors: a name that the application does not have, `complete` for a workload that does not run to its end, and
    instances that wait for each other are problems of the document at `path`, also offline.
    """

    instance: str
    condition: Literal["ready", "complete"] = "ready"
    timeout: timedelta | None = None
    path: str = "$"


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `render` and `scale`.

    `add`: new objects, in the order in which they are applied; `edit`: changes of objects of the instance;
    `scale`: the desired number of replicas, from a trait; `probes`: of a scope, the probes of its members;
    `depends_on`: the instances for which the instance waits, not of a scope;
    `wake_at`: the time at which the result changes without a change of the input (UTC);
    `warnings`: texts for the user, listed in the application's status.

    Guarantees: used as a whole or not at all; copied, so that later changes have no effect.
    Assumptions: all values are JSON, 8 MiB at most; `wake_at` has a time zone and is derived from `ctx.now`.
    Errors: anything else is a fault of the plugin: the application's condition reports it, and the objects stay
    unchanged.
    """

    add: tuple[Manifest, ...] = ()
    edit: tuple[SetField | DropField, ...] = ()
    scale: Scale | None = None
    probes: tuple[Probe, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    wake_at: datetime | None = None
    warnings: tuple[str, ...] = ()


class Hold(msgspec.Struct, frozen=True):
    """The result of a `render` that is not to take effect yet: the instance, or the scope, stays as it is.

    `reason` is one sentence for people; in the status it follows the name of the type. `until` is the time at which
    the type is called again without a change of its inputs; with None only a change of an object that it reads, or of
    the documents, calls it again.

    Guarantees: nothing of the instance is created, changed or deleted, whichever of its types returns it; its pods go
    on, its volumes and its place in scopes stay. Other instances are not affected. The status has the reason `Held`.
    The instance is deleted with its documents all the same.
    Assumptions: the reason has at most 300 characters, and changes rarely: each change is a write of the status.
    `until` has a time zone, and is derived from `ctx.now`; a time that is not in the future means in half a minute.
    Errors: another value is a fault of the plugin. A problem of the documents takes precedence: InvalidProperties of
    any type of the application is reported instead.
    """

    reason: str
    until: datetime | None = None


class Health(msgspec.Struct, frozen=True):
    """The health of the live objects of a type.

    `state` is `ready`, `progressing`, `failed` or `unknown`; `reason` is one CamelCase word; `message` is for people;
    `show` contains short facts for status (`{"replicas": "3"}`).

    Guarantees: an application is Ready if its workloads and traits are; the health of scopes is only reported.
    Assumptions: derived from the observed objects and `ctx.now`; a message that changes with every call causes a write
    of the status with every reconcile.
    Errors: when `health` raises, the state is `unknown` with the reason PluginFailed; apply and prune are not affected.
    """

    state: Literal["ready", "progressing", "failed", "unknown"]
    reason: str
    message: str = ""
    show: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the state is `ready`."""
        return self.state == "ready"


class InvalidProperties(Exception):  # noqa: N818 - it describes the user's document, not a failure of the type
    """Raised by a type for properties that it cannot accept, with all problems at once.

    One problem: `raise InvalidProperties("maximum is below minimum", path="$.maximum")`. Several:
    `raise InvalidProperties(Problem("…", path="$.minimum"), Problem("…", path="$.maximum"))`. `path` is the JSON path
    inside the properties of the type; a workload type may also point into the ComponentSchematic, see `WorkloadType`.
    Of a `Problem`, set message and path only; the core adds document and location.

    Guarantees: the user gets every problem, with those of all other types, at its place in their document; nothing is
    applied or pruned meanwhile.
    Assumptions: the user can correct the problems, and the same inputs always cause the same problems.
    Errors: without any problem, the user is informed that the type gave no reason.
    """

    def __init__(self, *problems: Problem | str, path: str = "$") -> None:
        self.problems = tuple(
            problem if isinstance(problem, Problem) else Problem(str(problem), path) for problem in problems
        )
        super().__init__("; ".join(problem.message for problem in self.problems))


def reject(problems: Iterable[Problem]) -> None:
    """Raise InvalidProperties with all problems, each once; do nothing if there are none."""
    listed = tuple(dict.fromkeys(problems))
    if listed:
        raise InvalidProperties(*listed)

"""What a type hands back: manifests, edits, sizes, probes, health. Frozen, JSON-able, keyword-friendly values.

No value here knows a namespace, an owner or a cluster: the core adds those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
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


class Ref(msgspec.Struct, frozen=True):
    """One object of a kind, always in the application's own namespace.

    Guarantees: equal to `manifest.ref` of the manifest of that kind and name; printed as kubectl names it.
    Assumptions: it names an object of the same instance, by whomever it was added.
    Errors: an edit of an object that the instance does not have is refused, at the trait that makes it.
    """

    kind: Kind
    name: str

    def __str__(self) -> str:
        """As kubectl names it: `deployment.apps/web`, `service/web`."""
        group = f".{self.kind.group}" if self.kind.group else ""
        return f"{self.kind.kind.lower()}{group}/{self.name}"


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """An object that is to exist.

    Guarantees: the core adds namespace, owner, its own labels and annotations, applies it, repairs it and prunes it.
    Assumptions: `body` is the object without apiVersion, kind and metadata; `name` is at most 63 characters, best
    made with `ctx.name(...)`; the kind is one of the type's `produces`.
    Errors: another kind, a longer name, a head in the body, or a body that is no JSON is a fault of the plugin; an
    object that two types or two instances add is refused. What the API server refuses stands in `Synced`, with its
    words; the other instances go on.

    `retain`: the object outlives its application (a volume claim): it gets no owner and is never pruned.
    `delete_with_application`: the object gets no owner either, but is deleted with its application: a finalizer on the
    application deletes it by uid, and it is pruned when no type adds it any more. Not together with `retain`.
    `run_once`: the object runs to its end (a Job): it is created once per change of the instance's inputs.
    """

    kind: Kind
    name: str
    body: dict[str, Any]
    labels: Mapping[str, str] = msgspec.field(default_factory=dict)
    annotations: Mapping[str, str] = msgspec.field(default_factory=dict)
    retain: bool = False
    delete_with_application: bool = False
    run_once: bool = False

    @property
    def ref(self) -> Ref:
        """The object that this manifest describes."""
        return Ref(self.kind, self.name)


class SetField(msgspec.Struct, frozen=True):
    """An edit: the field at `path` of the object `ref` gets `value`.

    Guarantees: made after everybody has rendered, in an order that makes no difference; maps and keyed entries on the
    way are made when they are not there.
    Assumptions: the path is inside the body, or is a label or an annotation: `("metadata", "labels", "team")`.
    Errors: two edits of one path, or of one inside the other, are refused, and both types named; a path that leads
    through something else than maps and keyed lists is a fault of the plugin.
    """

    ref: Ref
    path: Path
    value: Json


class DropField(msgspec.Struct, frozen=True):
    """An edit: the field at `path` of the object `ref` is left to others.

    With `handover`, a value that the cluster holds because of us stays as it is when we let go of it;
    without it the server resets the field.

    Guarantees: what is not there is no error; with `handover` no value changes at the moment of letting go.
    Assumptions: as for `SetField`.
    Errors: as for `SetField`; a `SetField` and a `DropField` of one path are two edits of it.
    """

    ref: Ref
    path: Path
    handover: bool = False


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """How many replicas an instance is to have, said by a trait, turned into fields by the workload type.

    The core merges what all traits of an instance say, in any order: one base of `exact`, `between` or `external`;
    `hold` alone counts as `exact`; `hold` on a `between` raises its minimum and, if need be, its maximum; a `hold` on
    anything else, two bases or two holds are refused before anything is applied.

    Create one with `exact`, `between`, `hold` or `external`; `form` is `exact`, `range`, `hold` or `external`.

    Guarantees: the workload type gets one size, in one of its `scale_forms`, whatever the order of traits.
    Assumptions: numbers are not negative, and a minimum is no more than its maximum.
    Errors: other numbers are a fault of the plugin; sizes that cannot be merged, or whose form is not one of
    `scale_forms`, are refused before anything is applied, with the names of the traits.
    """

    form: Literal["exact", "range", "hold", "external"]
    replicas: int = 0
    minimum: int = 0
    maximum: int = 0
    metrics: tuple[dict[str, Any], ...] = ()
    behavior: dict[str, Any] | None = None

    @classmethod
    def exact(cls, replicas: int) -> Self:
        """Just this many, set by us."""
        return cls(form="exact", replicas=replicas)

    @classmethod
    def between(
        cls,
        minimum: int,
        maximum: int,
        metrics: tuple[dict[str, Any], ...] = (),
        behavior: dict[str, Any] | None = None,
    ) -> Self:
        """Autoscaled between two bounds. `metrics` and `behavior` are as in autoscaling/v2."""
        return cls(form="range", minimum=minimum, maximum=maximum, metrics=metrics, behavior=behavior)

    @classmethod
    def hold(cls, replicas: int) -> Self:
        """At least this many for now: a floor that comes and goes."""
        return cls(form="hold", replicas=replicas)

    @classmethod
    def external(cls) -> Self:
        """Somebody outside decides; we never write the size."""
        return cls(form="external")


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A right that the controller needs for a type, beyond those that `produces` and `observes` imply.

    As in a ClusterRole: `verbs` on `resources` (plurals, lower case) of API `groups` ("" is the core group).

    Guarantees: `rudr rbac` prints it; nothing is granted by itself.
    Assumptions: what `produces` and `observes` imply needs none, unless the plural of a kind cannot be guessed.
    Errors: a right that the controller lacks stands in the condition of the applications that need it.
    """

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]


class Probe(msgspec.Struct, frozen=True, kw_only=True):
    """A question that the core asks a member of a scope, on behalf of the scope type. Times are whole seconds.

    It is asked every `interval` seconds and has `timeout` seconds to answer. `target` is a Service or a Pod of the
    member, `port` a number of it; nothing else is ever asked. The `method` `httpGet` passes when `path` answers 2xx
    or 3xx in time (no redirect is followed), `tcp` when a connection is accepted.
    `name` is unique within the scope, and what `ctx.probe_results` calls the answer; it has no entry there until
    the first answer is in.

    A single result need not change the answer: of the last `window` results it is "failed" when more than
    `failure_rate` per cent failed, "passed" when at least `healthy_rate` per cent passed, and else what it was.

    Guarantees: the core asks, never the type; it reads at most 64 KiB; the scope is rendered anew when an answer
    changes.
    Assumptions: `target` belongs to a member of the scope, and the controller runs where it can reach it.
    Errors: a target of anybody else, or two probes of one name, is a fault of the plugin; a target that is not there,
    or cannot be reached, is an answer.
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
        """The answer after `results` (the oldest first; None passed, a text is what went wrong) and after `before`.

        None when the probe passes, else what went wrong last.
        """
        last = results[-max(self.window, 1) :]
        failures = [result for result in last if result is not None]
        if len(failures) * 100 > self.failure_rate * len(last):
            return failures[-1]
        passed = len(last) - len(failures)
        return None if passed and passed * 100 >= self.healthy_rate * len(last) else before


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """What `render` and `scale` return.

    `add` new objects, in the order in which they are to be applied; `edit` changes of objects of the instance;
    `scale` the wanted size; `probes` of a scope, what its members are to be asked;
    `wake_at` the time at which the answer changes by itself (UTC);
    `warnings` texts for the user, shown in the application's status.

    Guarantees: taken as a whole or not at all; copied, so that nothing that happens to it later matters.
    Assumptions: all values are JSON, 8 MiB at most; `wake_at` has a time zone, and is best made from `ctx.now`.
    Errors: anything else is a fault of the plugin: the application says so, and its objects stay as they are.
    """

    add: tuple[Manifest, ...] = ()
    edit: tuple[SetField | DropField, ...] = ()
    scale: Scale | None = None
    probes: tuple[Probe, ...] = ()
    wake_at: datetime | None = None
    warnings: tuple[str, ...] = ()


class Health(msgspec.Struct, frozen=True):
    """What a type says of its running objects.

    `state` is `ready`, `progressing`, `failed` or `unknown`; `reason` is one CamelCase word; `message` is for people;
    `show` are short facts for status (`{"replicas": "3"}`).

    Guarantees: a workload's decides about `Ready`; a trait's or scope's is told in status and decides nothing.
    Assumptions: it follows from what was observed and `ctx.now`; a message that changes at every look is written at
    every look.
    Errors: a type that fails at this is `unknown`, with the reason PluginFailed; nothing is applied or pruned for that.
    """

    state: Literal["ready", "progressing", "failed", "unknown"]
    reason: str
    message: str = ""
    show: Mapping[str, str] = msgspec.field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether the object does its work."""
        return self.state == "ready"


class InvalidProperties(Exception):  # noqa: N818 - it reports the user's document, not a failure of the type
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

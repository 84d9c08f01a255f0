"""The contract of every type, one function for each rule: takes a Case, raises AssertionError with all violations.

`conformance` turns them into tests. A check uses a type only through the core, as the controller does.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py import json_schema
from rudr_py.api import Kind, Ref, Rendered, Scope, Trait, naming, properties
from rudr_py.catalog import Catalog
from rudr_py.plugins import declaration_checks, entry_points, guard, loading
from rudr_py.render import holds
from rudr_py.render.limits import metadata
from rudr_py.render.status import health
from rudr_py.render.types import plugin_call
from rudr_py.render.values.plan import Plan
from rudr_py.testing import fuzz_objects, rbac_check, rendering
from rudr_py.testing.purity import Watch
from rudr_py.testing.rendering import ObservedObjects, RenderSetup

RELEASES = ("1.25", "1.31", "1.37")
"""The Kubernetes releases against whose schemas objects are validated by default."""

LONGEST_REASON = 200
"""The maximum number of characters of the reason for which a schema rejects an object."""

INDEXED_CRON_JOB_NAME = metadata.CRON_JOB_NAME - len("-99999")
LONGEST = "a" + "-instance-with-a-name-as-long-as-any" + "-" + "x" * 25
"""A name of 63 characters."""

COMPANIONS: tuple[Mapping[str, Any], ...] = (
    {"name": "empty", "properties": {}},
    {"name": "manual-scaler", "properties": {"replicaCount": 2}},
)
"""Standard traits that are listed before and after the type, if they can be combined with it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One way to use a type, with the types that must be installed for it, and the Kubernetes releases to support."""

    setup: RenderSetup
    types: tuple[Any, ...] = ()
    releases: tuple[str, ...] = RELEASES

    def catalog(self) -> Catalog:
        """The catalog with the type and the further types."""
        return rendering.catalog((self.setup.type_, *self.types))

    def plan(self) -> Plan:
        """The plan. Raises RenderError when the documents are rejected."""
        return self.made_of(self.setup)

    def made_of(self, setup: RenderSetup) -> Plan:
        """The plan of another setup with the same types. Raises RenderError when the documents are rejected."""
        plan = rendering.plan(setup, self.catalog())
        rendering.rendered(setup, plan)
        return plan


def has_valid_declarations(case: Case) -> None:
    """Names, kinds, rules and methods are valid, none is misspelt, and the JSON Schema is valid."""
    _no_faults((*declaration_checks.faults(case.setup.type_), *declaration_checks.misspelt(case.setup.type_)))


def has_a_valid_schema(case: Case) -> None:
    """Defaults match the schema, required properties exist, and the schema is JSON."""
    schema = properties.schema(case.setup.type_.properties)
    json.dumps(schema, allow_nan=False)
    _no_faults(_schema_faults(schema, "$"))


def is_registered(case: Case) -> None:
    """If the package of the type is installed, its entry point can be loaded, and its hook returns the type."""
    type_ = case.setup.type_
    own_package = type(type_).__module__.partition(".")[0]
    plugins = [one for one in entry_points.installed() if one.module.partition(".")[0] == own_package]
    if not plugins:
        return
    loaded = loading.load(plugins, None)
    _no_faults(f"{one.package} cannot be loaded: {one.error}" for one in loaded.refused)
    if type_.name not in {offer.name for offer in loaded.catalog.offers()}:
        modules = ", ".join(sorted({plugin.module for plugin in plugins}))
        raise AssertionError(f'rudr_register_types of {modules} does not return the type "{type_.name}"')


def renders(case: Case) -> None:
    """The type accepts the properties."""
    case.plan()


def renders_the_same_bytes_twice(case: Case) -> None:
    """The same input gives the same output, independent of earlier renderings."""
    first = _bytes(case.plan())
    if first != _bytes(case.plan()):
        raise AssertionError("a second rendering of the same input gave a different result")
    catalog = case.catalog()
    other = msgspec.structs.replace(case.setup, instances=("another",))
    rendering.plan(other, catalog)
    if first != _bytes(rendering.plan(case.setup, catalog)):
        raise AssertionError("rendering another instance in between changed the result: the type has state")


def returns_no_sets(case: Case) -> None:
    """No result contains a set: JSON has none, and its order differs between processes."""
    places: list[str] = []

    def watched(call: Callable[[], Any]) -> Any:
        result = call()
        if isinstance(result, Rendered):
            for manifest in result.add:
                places.extend(_sets(manifest.body, str(manifest.ref)))
            for edit in result.edit:
                places.extend(_sets(getattr(edit, "value", None), f"an edit of {edit.ref}"))
        return result

    rendering.plan(case.setup, rendering.catalog((case.setup.type_, *case.types), watched))
    _no_faults(f"{place} is a set; use a sorted list" for place in dict.fromkeys(places))


def _sets(value: object, place: str) -> Iterator[str]:
    if isinstance(value, (set, frozenset)):
        yield place
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _sets(inner, f"{place} at {key}" if " at " not in place else f"{place}.{key}")
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _sets(inner, f"{place}[{index}]")


def does_not_change_its_inputs(case: Case) -> None:
    """The type does not change its arguments in place."""
    _no_faults(warning.message for warning in case.plan().warnings if plugin_call.CONTEXT_CHANGED in warning.message)


def has_no_side_effects(case: Case) -> None:
    """The type uses no clock, no randomness, no environment, no file, no socket and no process."""
    case.plan()  # imports and caches of the first call do not count; failures are reported by another check
    watch = Watch()
    catalog = rendering.catalog((case.setup.type_, *case.types), watch.guard)
    plan = rendering.plan(case.setup, catalog)
    health.assess(plan, ObservedObjects(_objects(plan)), case.setup.now)
    _no_faults(watch.violations)


def adds_only_declared_kinds(case: Case) -> None:
    """Every kind of an added object is in `produces`."""
    declared = {str(kind) for kind in case.setup.type_.produces}
    added = {str(one.ref.kind) for one in rendering.added(case.setup, case.plan())}
    _no_faults(f"{kind} is not in produces" for kind in sorted(added - declared))


def has_unique_names_of_at_most_63_characters(case: Case) -> None:
    """Names are unique, also for instances with long or similar names. Objects without an owner may share a name."""
    first: dict[Ref, str] = {}
    longest = _longest_instance(case)
    for instance in (longest, longest[:-1] + "y", "web", "web-a", "a-web"):
        plan = case.made_of(msgspec.structs.replace(case.setup, instances=(instance,)))
        added = [one for one in rendering.added(case.setup, plan) if not one.retain and not one.reclaim]
        _no_faults(f"{one.ref} has {len(one.ref.name)} characters" for one in added if len(one.ref.name) > naming.LIMIT)
        if not isinstance(case.setup.type_, Scope):
            _no_faults(f'"{first[one.ref]}" and "{instance}" both have {one.ref}' for one in added if one.ref in first)
        first |= {one.ref: instance for one in added}


def _longest_instance(case: Case) -> str:
    """The longest name that an instance may have: Kubernetes limits names of StatefulSets and CronJobs to 52.

    Names of CronJobs whose pods have an index are even shorter.
    """
    names = (LONGEST, LONGEST[: metadata.STATEFUL_SET_NAME], LONGEST[:INDEXED_CRON_JOB_NAME])
    setups = (msgspec.structs.replace(case.setup, instances=(name,)) for name in names)
    plans = (rendering.plan(setup, case.catalog()) for setup in setups)
    return next((name for name, plan in zip(names, plans, strict=True) if not plan.problems), LONGEST)


def is_independent_of_the_order_of_traits(case: Case) -> None:
    """The order relative to other traits changes no object, only the order in which objects are applied."""
    if not isinstance(case.setup.type_, Trait):
        return
    for companion in COMPANIONS:
        before = msgspec.structs.replace(case.setup, traits=(*case.setup.traits, companion))
        listed = rendering.documents(before)[1]
        first = rendering.plan_of(before, listed, case.catalog())
        for binding in listed["spec"]["components"]:
            binding["traits"].reverse()
        second = rendering.plan_of(before, listed, case.catalog())
        if bool(first.problems) != bool(second.problems) or _bytes(_sorted(first)) != _bytes(_sorted(second)):
            raise AssertionError(f'beside "{companion["name"]}" the result depends on the order of traits')


def has_health_for_any_objects(case: Case) -> None:
    """Neither `health` nor `render` fails, whatever the observed objects contain."""
    for faults in _faults_in_situations(case, case.catalog()):
        _no_faults(faults)


def _faults_in_situations(case: Case, catalog: Catalog) -> Iterator[list[str]]:
    """The faults in each situation, with the calls that a controller makes."""
    nothing = _Watched(())
    plan = rendering.plan(case.setup, catalog, nothing)
    places = [(one.ref.kind.api_version, one.ref.kind.kind, one.ref.name) for one in plan.manifests]
    places += [(kind.api_version, kind.kind, "seen") for kind in case.setup.type_.observes]
    for objects in itertools.chain([_objects(plan)], fuzz_objects.documents(list(dict.fromkeys(places)))):
        observed = ObservedObjects(objects)
        faults = list(_failures(case, plan, observed))
        if nothing.was_read:  # a type that does not read observed objects cannot return a different result
            again = rendering.plan(case.setup, catalog, observed)
            faults += [problem.message for problem in again.problems if again.reason == "PluginFailed"]
        yield [f"{fault}; observed were {list(objects)}" for fault in faults]


class _Watched:
    """Observed objects, with a record whether they were read."""

    def __init__(self, objects: tuple[Mapping[str, Any], ...]) -> None:
        self._objects = ObservedObjects(objects)
        self.was_read = False

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of a kind, as from a Snapshot."""
        self.was_read = True
        return self._objects.documents(instance, kind)

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """The object that `ref` names."""
        self.was_read = True
        return self._objects.document(ref)


def renders_objects_that_kubernetes_accepts(case: Case) -> None:
    """Objects of the kinds of Kubernetes, rendered for each of its releases, are strictly valid by its schemas."""
    rejections: dict[str, str] = {}
    for release in case.releases:
        for one in case.made_of(msgspec.structs.replace(case.setup, kubernetes=release)).manifests:
            if rbac_check.is_built_in(one.ref.kind):
                why = _rejection(msgspec.json.encode(one.body, order="deterministic"), release)
                rejections |= {f"Kubernetes {release} rejects {one.ref}": why} if why else {}
    _no_faults(f"{rejection}: {why}" for rejection, why in rejections.items())


@functools.lru_cache(maxsize=256)
def _rejection(body: bytes, release: str) -> str:
    """The path and the reason for which a release rejects an object, on one line, or ""."""
    validator = importlib.import_module("kubernetes_validate")
    try:
        validator.validate(msgspec.json.decode(body), release, strict=True)
    except validator.ValidationError as error:
        return f"{error.json_path}: {_one_line(error.message)}"
    except (validator.SchemaNotFoundError, validator.utils.VersionNotSupportedError) as error:
        return _one_line(error.message)
    return ""


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_REASON else f"{line[: LONGEST_REASON - 1]}…"


def declares_the_rights_that_it_needs(*cases: Case) -> None:
    """A controller with the rights of `rudr rbac` can apply and prune it, in all cases."""
    for case in cases:
        case.plan()  # a case that fails here would never be synced
        _returns_in_time(case)
    rbac_check.check([case.setup for case in cases], cases[0].catalog())


def _returns_in_time(case: Case) -> None:
    """Raises AssertionError when a call had to be stopped, which the thread of the controller could not do."""
    stopped: list[str] = []

    def watched(call: Callable[[], Any]) -> Any:
        try:
            return guard.within(guard.CALL_LIMIT)(call)
        except TimeoutError as error:
            stopped.append(str(error))
            raise

    for faults in _faults_in_situations(case, rendering.catalog((case.setup.type_, *case.types), watched)):
        if stopped:
            _no_faults(faults or stopped)


ONCE: tuple[Callable[[Case], None], ...] = (has_valid_declarations, has_a_valid_schema, is_registered)
"""Checks of the type alone."""

EACH: tuple[Callable[[Case], None], ...] = (
    renders,
    renders_the_same_bytes_twice,
    returns_no_sets,
    does_not_change_its_inputs,
    has_no_side_effects,
    adds_only_declared_kinds,
    has_unique_names_of_at_most_63_characters,
    is_independent_of_the_order_of_traits,
    has_health_for_any_objects,
    renders_objects_that_kubernetes_accepts,
)
"""Checks of every case."""

TOGETHER: tuple[Callable[..., None], ...] = (declares_the_rights_that_it_needs,)
"""Checks of all cases together, on a local cluster, which takes a moment to start."""


def _no_faults(faults: Any) -> None:
    listed = list(faults)
    if listed:
        raise AssertionError("\n".join(listed))


def _sorted(plan: Plan) -> Plan:
    """The plan with its objects in the order of their names."""
    manifests = sorted(plan.manifests, key=lambda planned: (str(planned.ref.kind), planned.ref.name))
    return msgspec.structs.replace(plan, manifests=tuple(manifests))


def _bytes(plan: Plan) -> bytes:
    facts = [plan.reason, sorted(problem.message for problem in plan.problems), str(plan.wake_at)]
    warnings = [*(warning.message for warning in plan.warnings), *holds.lines(plan)]
    return msgspec.json.encode([[one.body for one in plan.manifests], facts, warnings])


def _objects(plan: Plan) -> tuple[Mapping[str, Any], ...]:
    return tuple(one.body for one in plan.manifests)


def _failures(case: Case, plan: Plan, observed_objects: ObservedObjects) -> Iterator[str]:
    name = case.setup.type_.name
    for instance in health.assess(plan, observed_objects, case.setup.now).instances:
        parts = [(instance.plan.workload.offer.name, instance.workload)]
        parts += [(trait.trait.offer.name, trait.health) for trait in instance.traits]
        yield from (
            part_health.message for part, part_health in parts if part == name and part_health.reason in _FAILED
        )
    for scope in health.assess(plan, observed_objects, case.setup.now).scopes:
        if scope.plan.bound_type.offer.name == name and scope.health.reason in _FAILED:
            yield scope.health.message


_FAILED = ("PluginFailed", "Refused")


def _schema_faults(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    declared = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in declared:
            yield f'{path} requires "{name}", which its properties do not contain'
    for name, declared_schema in declared.items():
        if not isinstance(declared_schema, Mapping):
            continue
        if "default" in declared_schema:
            default = json.loads(msgspec.json.encode(declared_schema["default"]))
            problem = next(iter(json_schema.errors(json_schema.validator(declared_schema), default)), None)
            if problem is not None:
                yield f"{path}.{name} has a default that does not match it: {problem.message}"
        yield from _schema_faults(declared_schema, f"{path}.{name}")

"""What every type promises, one function each: a Case in, an AssertionError with all that is wrong out.

`conformance` makes tests of them. A check sees a type only through the core, as the controller does.
"""

from __future__ import annotations

import functools
import importlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
import msgspec

from rudr_py.api import Kind, Ref, Scope, Trait, naming, properties
from rudr_py.catalog import Catalog
from rudr_py.plugins import declaration_checks, guard
from rudr_py.render.status import health
from rudr_py.render.types import plugin_call
from rudr_py.render.values.plan import Plan
from rudr_py.testing import fuzz_objects, rbac_check, rendering
from rudr_py.testing.purity import Watch
from rudr_py.testing.rendering import ObservedObjects, RenderSetup

RELEASES = ("1.25", "1.31", "1.37")
"""The Kubernetes releases whose schemas the objects must fit."""

LONGEST = "a" + "-instance-with-a-name-as-long-as-any" + "-" + "x" * 25
"""A name of 63 characters."""

COMPANIONS: tuple[Mapping[str, Any], ...] = (
    {"name": "empty", "properties": {}},
    {"name": "manual-scaler", "properties": {"replicaCount": 2}},
)
"""Standard traits that are listed before and after the type, where they may stand beside it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """One way to use a type, with the types that must be installed for it."""

    stage: RenderSetup
    types: tuple[Any, ...] = ()

    def catalog(self) -> Catalog:
        """What is installed."""
        return rendering.catalog((self.stage.type_, *self.types))

    def plan(self) -> Plan:
        """What becomes of it. Raises RenderError when it is refused."""
        return self.made_of(self.stage)

    def made_of(self, stage: RenderSetup) -> Plan:
        """The plan of another stage with the same types. Raises RenderError when it is refused."""
        found = rendering.plan(stage, self.catalog())
        rendering.rendered(stage, found)
        return found


def declares_what_can_be_used(case: Case) -> None:
    """Names, kinds, rules and methods are what they must be, none is misspelt, and the JSON Schema is one."""
    _none((*declaration_checks.faults(case.stage.type_), *declaration_checks.misspelt(case.stage.type_)))


def has_a_sane_schema(case: Case) -> None:
    """Defaults fit, what is required exists, and the schema can be printed."""
    schema = properties.schema(case.stage.type_.properties)
    json.dumps(schema, allow_nan=False)
    _none(_schema_faults(schema, "$"))


def renders(case: Case) -> None:
    """The properties are accepted, and something comes of them."""
    case.plan()


def renders_the_same_bytes_twice(case: Case) -> None:
    """The same input gives the same output, whatever was rendered before."""
    first = _bytes(case.plan())
    if first != _bytes(case.plan()):
        raise AssertionError("a second rendering of the same input gave something else")
    installed = case.catalog()
    other = msgspec.structs.replace(case.stage, instances=("another",))
    rendering.plan(other, installed)
    if first != _bytes(rendering.plan(case.stage, installed)):
        raise AssertionError("rendering another instance in between changed what comes out: the type has state")


def leaves_its_inputs_alone(case: Case) -> None:
    """Nothing that a type is given is changed in place."""
    _none(warning.message for warning in case.plan().warnings if plugin_call.CONTEXT_CHANGED in warning.message)


def reads_no_clock_and_opens_nothing(case: Case) -> None:
    """No clock, no chance, no environment, no file, no socket, no process."""
    case.plan()  # imports and caches of the first call are no matter; what fails here is told by its own test
    watch = Watch()
    installed = rendering.catalog((case.stage.type_, *case.types), watch.guard)
    plan = rendering.plan(case.stage, installed)
    health.assess(plan, ObservedObjects(_objects(plan)), case.stage.now)
    health.scopes(plan, ObservedObjects(_objects(plan)), case.stage.now)
    _none(watch.sins)


def produces_what_it_declares(case: Case) -> None:
    """Every kind that it adds is among `produces`."""
    declared = {str(kind) for kind in case.stage.type_.produces}
    made = {str(one.ref.kind) for one in rendering.made(case.stage, case.plan())}
    _none(f"{kind} is not among produces" for kind in sorted(made - declared))


def makes_unique_names_of_at_most_63_characters(case: Case) -> None:
    """Also for instances whose names are long, or begin alike. What is retained or reclaimed may be shared by name."""
    first: dict[Ref, str] = {}
    for instance in (LONGEST, LONGEST[:-1] + "y", "web", "web-a", "a-web"):
        plan = case.made_of(msgspec.structs.replace(case.stage, instances=(instance,)))
        made = [one for one in rendering.made(case.stage, plan) if not one.retain and not one.reclaim]
        _none(f"{one.ref} has {len(one.ref.name)} characters" for one in made if len(one.ref.name) > naming.LIMIT)
        if not isinstance(case.stage.type_, Scope):
            _none(f'"{first[one.ref]}" and "{instance}" both have {one.ref}' for one in made if one.ref in first)
        first |= {one.ref: instance for one in made}


def does_not_mind_the_order_of_traits(case: Case) -> None:
    """Other traits before or after it change nothing."""
    if not isinstance(case.stage.type_, Trait):
        return
    for companion in COMPANIONS:
        before = msgspec.structs.replace(case.stage, traits=(*case.stage.traits, companion))
        listed = rendering.documents(before)[1]
        first = rendering.plan_of(before, listed, case.catalog())
        for binding in listed["spec"]["components"]:
            binding["traits"].reverse()
        second = rendering.plan_of(before, listed, case.catalog())
        if bool(first.problems) != bool(second.problems) or _bytes(first) != _bytes(second):
            raise AssertionError(f'beside "{companion["name"]}" the order of traits decides what comes out')


def tells_health_of_anything(case: Case) -> None:
    """Neither `health` nor `render` fails, whatever the observed objects look like."""
    for faults in _answers(case, case.catalog()):
        _none(faults)


def _answers(case: Case, installed: Catalog) -> Iterator[list[str]]:
    """What goes wrong in each situation, when the type is asked as a controller asks it."""
    nothing = _Watched(())
    plan = rendering.plan(case.stage, installed, nothing)
    places = [(one.ref.kind.api_version, one.ref.kind.kind, one.ref.name) for one in plan.manifests]
    places += [(kind.api_version, kind.kind, "seen") for kind in case.stage.type_.observes]
    for objects in itertools.chain([_objects(plan)], fuzz_objects.documents(list(dict.fromkeys(places)))):
        seen = ObservedObjects(objects)
        faults = list(_failures(case, plan, seen))
        if nothing.asked:  # whoever does not look at all cannot come to another answer
            again = rendering.plan(case.stage, installed, seen)
            faults += [problem.message for problem in again.problems if again.reason == "PluginFailed"]
        yield [f"{fault}; observed were {list(objects)}" for fault in faults]


class _Watched:
    """Observed objects, and whether anybody asked for them."""

    def __init__(self, objects: tuple[Mapping[str, Any], ...]) -> None:
        self._seen = ObservedObjects(objects)
        self.asked = False

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """As those of a Snapshot."""
        self.asked = True
        return self._seen.documents(instance, kind)


def makes_objects_that_kubernetes_takes(case: Case) -> None:
    """Strictly valid by the schemas of three releases of Kubernetes, as far as its own kinds go."""
    for one in case.plan().manifests:
        if rbac_check.is_built_in(one.ref.kind):
            refused = _refused(msgspec.json.encode(one.body, order="deterministic"))
            _none(f"Kubernetes {release} would refuse {one.ref}: {why}" for release, why in refused.items())


@functools.lru_cache(maxsize=256)
def _refused(body: bytes) -> dict[str, str]:
    """The releases that refuse an object, each with the reason. Most ways to use a type make the same Deployment."""
    validator = importlib.import_module("kubernetes_validate")
    found = {}
    for release in RELEASES:
        try:
            validator.validate(msgspec.json.decode(body), release, strict=True)
        except Exception as error:  # noqa: BLE001 - the package raises several sorts, all of which mean no
            found[release] = str(error)
    return found


def asks_for_the_rights_that_it_needs(*cases: Case) -> None:
    """A controller with the rights of `rudr rbac` brings it up and takes it away, in all ways to use it."""
    for case in cases:
        case.plan()  # what fails already here would never come up
        _comes_to_an_end(case)
    rbac_check.check([case.stage for case in cases], cases[0].catalog())


def _comes_to_an_end(case: Case) -> None:
    """Raises AssertionError when a call had to be stopped: the thread of a controller could not do that."""
    stopped: list[str] = []

    def watched(call: Callable[[], Any]) -> Any:
        try:
            return guard.within(guard.CALL_LIMIT)(call)
        except TimeoutError as error:
            stopped.append(str(error))
            raise

    for faults in _answers(case, rendering.catalog((case.stage.type_, *case.types), watched)):
        if stopped:
            _none(faults or stopped)


ONCE: tuple[Callable[[Case], None], ...] = (declares_what_can_be_used, has_a_sane_schema)
"""Of the type alone."""

EACH: tuple[Callable[[Case], None], ...] = (
    renders,
    renders_the_same_bytes_twice,
    leaves_its_inputs_alone,
    reads_no_clock_and_opens_nothing,
    produces_what_it_declares,
    makes_unique_names_of_at_most_63_characters,
    does_not_mind_the_order_of_traits,
    tells_health_of_anything,
    makes_objects_that_kubernetes_takes,
)
"""Of every way to use it."""

TOGETHER: tuple[Callable[..., None], ...] = (asks_for_the_rights_that_it_needs,)
"""Of all ways to use it at once, on a cluster, which takes a moment to start."""


def _none(faults: Any) -> None:
    found = list(faults)
    if found:
        raise AssertionError("\n".join(found))


def _bytes(plan: Plan) -> bytes:
    told = [plan.reason, sorted(problem.message for problem in plan.problems), str(plan.wake_at)]
    warnings = [warning.message for warning in plan.warnings]
    return msgspec.json.encode([[one.body for one in plan.manifests], told, warnings])


def _objects(plan: Plan) -> tuple[Mapping[str, Any], ...]:
    return tuple(one.body for one in plan.manifests)


def _failures(case: Case, plan: Plan, seen: ObservedObjects) -> Iterator[str]:
    name = case.stage.type_.name
    for instance in health.assess(plan, seen, case.stage.now):
        parts = [(instance.plan.workload.name, instance.workload)]
        parts += [(found.trait.name, found.health) for found in instance.traits]
        yield from (told.message for part, told in parts if part == name and told.reason in _FAILED)
    for scope in health.scopes(plan, seen, case.stage.now):
        if scope.plan.bound_type.name == name and scope.health.reason in _FAILED:
            yield scope.health.message


_FAILED = ("PluginFailed", "Refused")


def _schema_faults(schema: Mapping[str, Any], path: str) -> Iterator[str]:
    declared = schema.get("properties", {})
    for name in schema.get("required", ()):
        if name not in declared:
            yield f'{path} requires "{name}", which is not among its properties'
    for name, found in declared.items():
        if not isinstance(found, Mapping):
            continue
        if "default" in found:
            default = json.loads(msgspec.json.encode(found["default"]))
            problem = next(jsonschema.Draft202012Validator(found).iter_errors(default), None)
            if problem is not None:
                yield f"{path}.{name} has a default that does not fit it: {problem.message}"
        yield from _schema_faults(found, f"{path}.{name}")

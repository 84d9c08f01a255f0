"""One instance out of the answers of several types: sizes, edits, refusals, and what runs once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, ClassVar

import msgspec
import pytest

from rudr_py.api import (
    DropField,
    InvalidProperties,
    Kind,
    Manifest,
    Problem,
    Ref,
    Rendered,
    Scale,
    SetField,
    Trait,
    TraitContext,
    Type,
    WorkloadContext,
    WorkloadType,
)
from rudr_py.catalog import Catalog
from rudr_py.render import render as rendering
from rudr_py.render.values.plan import Plan, PlannedObject

Text = Callable[..., str]
Make = Callable[..., Plan]
Types = Callable[..., Catalog]

DEPLOYMENT = Kind("apps/v1", "Deployment")
CONFIG = Kind("v1", "ConfigMap")
FRONT = Ref(DEPLOYMENT, "front")
AT = "$.spec.components[0]"
SCALER = {"name": "manual-scaler", "properties": {"replicaCount": 3}}
AUTO = {"name": "auto-scaler", "properties": {"minimum": 2, "maximum": 5}}
INGRESS = {"name": "ingress", "properties": {"hostname": "shop.example"}}


class Doing(Trait[dict[str, Any]]):
    """A trait whose answer is given by the test."""

    produces = (CONFIG,)

    def __init__(self, name: str, answer: Callable[[TraitContext[Any]], Rendered] | Rendered) -> None:
        self.name = name  # type: ignore[misc] # each test has types of its own
        self.answer = answer

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        return self.answer if isinstance(self.answer, Rendered) else self.answer(ctx)


def _hold(replicas: int) -> Doing:
    return Doing("hold", Rendered(scale=Scale.hold(replicas)))


def _raising(error: Exception) -> Callable[[TraitContext[Any]], Rendered]:
    def raises(ctx: TraitContext[Any]) -> Rendered:
        del ctx
        raise error

    return raises


@pytest.fixture(name="front")
def _front(plan: Make, application: Text, web: Callable[..., dict[str, Any]], with_types: Types) -> Callable[..., Plan]:
    """The plan of `front`, a Server, with these bindings of traits and further types."""

    def front(*traits: dict[str, Any], types: tuple[Type[Any], ...] = (), **fields: Any) -> Plan:
        return plan(application(web(*traits, **fields)), types=with_types(*types))

    return front


def _object(plan: Plan, kind: str) -> dict[str, Any]:
    assert plan.problems == ()
    (digests,) = (planned.body for planned in plan.manifests if planned.ref.kind.kind == kind)
    return digests


def _told(plan: Plan) -> list[tuple[str, str]]:
    assert plan.manifests == ()
    assert plan.instances == ()
    return [(problem.path, problem.message) for problem in plan.problems]


def test_a_scale_becomes_replicas_or_an_autoscaler_or_is_handed_over(front: Callable[..., Plan]) -> None:
    exact, ranged, none = front(SCALER), front(AUTO), front()
    assert _object(exact, "Deployment")["spec"]["replicas"] == 3
    assert _object(ranged, "HorizontalPodAutoscaler")["spec"]["minReplicas"] == 2
    for let_go in (ranged, none):
        (deployment,) = (planned for planned in let_go.manifests if planned.ref == FRONT)
        assert "replicas" not in deployment.body["spec"]
        assert deployment.handover == (("spec", "replicas"),)


def test_a_hold_raises_the_bounds_of_an_autoscaler(front: Callable[..., Plan]) -> None:
    held = front(AUTO, {"name": "hold"}, types=(_hold(7),))
    spec = _object(held, "HorizontalPodAutoscaler")["spec"]
    assert (spec["minReplicas"], spec["maxReplicas"]) == (7, 7)


def test_two_scales_are_rejected_at_the_later_trait(front: Callable[..., Plan]) -> None:
    ((path, message),) = _told(front(SCALER, INGRESS, AUTO))
    assert path == f"{AT}.traits[2]"
    assert 'the traits "auto-scaler" and "manual-scaler" cannot all decide' in message


class Fixed(WorkloadType[dict[str, Any]]):
    """Takes exact sizes only."""

    name = "core.oam.dev/v1alpha1.Server"
    scale_forms = frozenset({"exact"})
    provides = frozenset({"pods", "service"})

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        del ctx
        return Rendered()


def test_an_unsupported_scale_form_is_rejected_at_the_trait_that_requests_it(
    front: Callable[..., Plan],
) -> None:
    ((path, message),) = _told(front({"name": "hold"}, INGRESS, AUTO, types=(Fixed(), _hold(3))))
    assert path == f"{AT}.traits[2]"
    assert message.endswith('the scale that the trait "auto-scaler" requests (range; it accepts exact)')


def test_edits_of_traits_and_workload_are_applied_and_two_of_one_path_rejected(front: Callable[..., Plan]) -> None:
    path = ("spec", "template", "spec", "containers", {"name": "web"}, "image")
    item = Doing("one", Rendered(edit=(SetField(FRONT, path, "nginx:2"),)))
    two = Doing("two", Rendered(edit=(DropField(FRONT, path),)))
    plan = front({"name": "one"}, types=(item, two))
    assert _object(plan, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"] == "nginx:2"
    ((place, message),) = _told(front({"name": "two"}, {"name": "one"}, types=(item, two)))
    assert place == f"{AT}.traits[0]"
    assert message.startswith('"one" and "two" both edit spec.template.spec.containers[name=web].image')


def test_a_trait_that_edits_replicas_clashes_with_the_workload_at_the_trait(
    front: Callable[..., Plan],
) -> None:
    greedy = Doing("greedy", Rendered(edit=(SetField(FRONT, ("spec", "replicas"), 9),)))
    ((path, _),) = _told(front({"name": "greedy"}, types=(greedy,)))
    assert path == f"{AT}.traits[0]"


def test_an_edit_that_does_not_match_the_object_is_a_fault_of_the_plugin(front: Callable[..., Plan]) -> None:
    odd = Doing("odd", Rendered(edit=(SetField(FRONT, ("spec", "template", {"name": "x"}), {}),)))
    plan = front({"name": "odd"}, types=(odd,))
    assert plan.reason == rendering.PLUGIN_FAILED
    assert _told(plan)[0][1].startswith('"odd" cannot edit spec.template[name=x]')


def test_an_object_cannot_be_added_twice(front: Callable[..., Plan]) -> None:
    manifest = Manifest(kind=CONFIG, name="same", body={})
    item, two = Doing("one", Rendered(add=(manifest,))), Doing("two", Rendered(add=(manifest,)))
    ((path, message),) = _told(front({"name": "one"}, {"name": "two"}, types=(item, two)))
    assert (path, message) == (f"{AT}.traits[1]", '"two" adds configmap/same, which this instance already has')


def test_problems_of_all_traits_and_clashing_scales_are_reported_together(front: Callable[..., Plan]) -> None:
    picky = Doing("picky", _raising(InvalidProperties(Problem("not this", path="$.a[0]"), Problem("nor that"))))
    reported = _told(front(SCALER, {"name": "ingress"}, {"name": "picky"}, AUTO, types=(picky,)))
    assert [path for path, _ in reported] == [
        f"{AT}.traits[1].properties.hostname",
        f"{AT}.traits[2].properties.a[0]",
        f"{AT}.traits[2].properties",
        f"{AT}.traits[3]",
    ]


def test_invalid_properties_without_a_problem_still_reject_the_trait(front: Callable[..., Plan]) -> None:
    silent = Doing("silent", _raising(InvalidProperties()))
    ((path, message),) = _told(front({"name": "silent"}, types=(silent,)))
    assert (path, message) == (f"{AT}.traits[0].properties", "silent of acme 1.0 rejects this without a reason")


class Refusing(WorkloadType[dict[str, Any]]):
    """Refuses at places that the settings say."""

    name = "core.oam.dev/v1alpha1.Server"
    scale_forms = frozenset({"exact"})
    late: ClassVar[bool] = False

    def render(self, ctx: WorkloadContext[dict[str, Any]]) -> Rendered:
        del ctx
        return Rendered() if self.late else self._refuse()

    def scale(self, ctx: WorkloadContext[dict[str, Any]], size: Scale | None) -> Rendered:
        del ctx, size
        return self._refuse()

    def _refuse(self) -> Rendered:
        raise InvalidProperties(
            Problem("a", path="$.spec.containers[0].ports[0]"),
            Problem("b", path="$.metadata.name"),
            Problem("c"),
            Problem("d", path="$.note"),
            Problem("e", path="$.other"),
        )


class RefusingLate(Refusing):
    """Refuses when it is sized."""

    late = True


@pytest.mark.parametrize("workload", [Refusing(), RefusingLate()])
def test_a_workload_type_reports_problems_of_component_settings_or_instance_name(
    workload: WorkloadType[Any], plan: Make, application: Text, web: Callable[..., dict[str, Any]], with_types: Types
) -> None:
    text = application(web()).replace(
        "- {name: http, containerPort: 80}",
        "- {name: http, containerPort: 80}\n  workloadSettings: [{name: a, value: 1}, {name: note, value: x}]",
    )
    rendered = plan(text, types=with_types(workload))
    document = "componentschematic/web"
    assert [(problem.document, problem.path) for problem in rendered.problems] == [
        (document, "$.spec.containers[0].ports[0]"),
        (document, "$.metadata.name"),
        ("", f"{AT}.instanceName"),
        (document, "$.spec.workloadSettings[1].value"),
        (document, "$.spec.workloadSettings"),
    ]
    located = [problem.location.line for problem in rendered.problems if problem.location]
    assert located[0] == text.splitlines().index("    - {name: http, containerPort: 80}") + 1
    assert rendered.reason == rendering.INVALID


class Model(msgspec.Struct):
    """Refuses by itself what its schema cannot say."""

    low: int = 0
    high: int = 9

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise ValueError("low is above high")
        if self.low < 0:
            raise ZeroDivisionError


class Modelled(Trait[Model]):
    name = "modelled"
    properties = Model

    def render(self, ctx: TraitContext[Model]) -> Rendered:
        return Rendered(scale=Scale.between(ctx.properties.low, ctx.properties.high))


def test_an_error_of_a_properties_model_is_a_problem_of_the_document(front: Callable[..., Plan]) -> None:
    plan = front({"name": "modelled", "properties": {"low": 10}}, types=(Modelled(),))
    assert _told(plan) == [(f"{AT}.traits[0].properties", "modelled: low is above high")]
    assert plan.reason == rendering.INVALID


def test_a_properties_model_that_fails_is_a_fault_of_the_plugin(front: Callable[..., Plan]) -> None:
    plan = front({"name": "modelled", "properties": {"low": -1}}, types=(Modelled(),))
    assert (plan.reason, plan.problems[0].path) == (rendering.PLUGIN_FAILED, f"{AT}.traits[0]")


def test_a_trait_sees_the_objects_of_the_workload_and_all_traits_in_the_listed_order(
    front: Callable[..., Plan],
) -> None:
    seen: list[Any] = []

    def look(ctx: TraitContext[Any]) -> Rendered:
        seen.extend([[str(manifest.ref) for manifest in ctx.manifests], [trait.name for trait in ctx.traits]])
        seen.append((ctx.application, ctx.namespace, ctx.instance, ctx.workload.rpartition(".")[2], ctx.properties))
        return Rendered()

    front(SCALER, {"name": "look", "properties": {"a": 1}}, types=(Doing("look", look),))
    assert seen == [
        ["deployment.apps/front", "service/front"],
        ["manual-scaler", "look"],
        ("shop", "default", "front", "Server", {"a": 1}),
    ]


def test_any_order_of_traits_gives_the_same_objects(front: Callable[..., Plan]) -> None:
    sidecars = ("spec", "template", "spec", "containers")
    adding = [
        Doing(
            name,
            Rendered(
                add=(Manifest(kind=CONFIG, name=name, body={"data": {}}),),
                edit=(SetField(FRONT, (*sidecars, {"name": name}, "image"), name),),
            ),
        )
        for name in ("b", "a")
    ]
    traits = (SCALER, INGRESS, {"name": "a"}, {"name": "b"})
    plans = [front(*order, types=tuple(adding)) for order in itertools.permutations(traits)]
    # the order in which the objects are applied is that of the traits (TR-3)
    encoded = {tuple(sorted(msgspec.json.encode(planned) for planned in plan.manifests)) for plan in plans}
    assert len(encoded) == 1
    assert plans[0].problems == ()


class Several(Trait[dict[str, Any]]):
    """May be listed more than once."""

    name = "several"
    repeatable = True
    produces = (CONFIG,)

    def render(self, ctx: TraitContext[dict[str, Any]]) -> Rendered:
        return Rendered(add=(Manifest(kind=CONFIG, name=ctx.properties["name"], body={"data": {}}),))


def test_a_repeatable_trait_is_rendered_for_each_use(front: Callable[..., Plan]) -> None:
    listings = [{"name": "several", "properties": {"name": name}} for name in ("b", "a")]
    plans = [front(*order, types=(Several(),)) for order in (listings, listings[::-1])]
    names = [[planned.ref.name for planned in plan.manifests if planned.ref.kind == CONFIG] for plan in plans]
    assert names == [["b", "a"], ["a", "b"]]
    assert [part.context.properties["name"] for part in plans[0].instances[0].traits] == ["b", "a"]


def test_two_uses_of_a_trait_that_would_write_one_object_are_rejected(front: Callable[..., Plan]) -> None:
    listing = {"name": "several", "properties": {"name": "a"}}
    ((path, message),) = _told(front(listing, listing, types=(Several(),)))
    assert (path, message) == (f"{AT}.traits[1]", '"several" adds configmap/a, which this instance already has')


def test_attached_at_has_whole_seconds_as_in_the_status(plan: Make, application: Text, with_types: Types) -> None:
    seen: list[Any] = []

    def look(ctx: TraitContext[Any]) -> Rendered:
        seen.append(ctx.attached_at)
        return Rendered()

    now = datetime(2026, 3, 1, 12, 0, 5, 999, tzinfo=UTC)
    binding = {"componentName": "queue", "instanceName": "q", "traits": [{"name": "look"}]}
    plan(application(binding), types=with_types(Doing("look", look)), now=now)
    assert seen == [now.replace(microsecond=0)]


def _once(plan: Plan) -> str:
    (digests,) = (planned.inputs_digest for planned in plan.manifests if planned.inputs_digest)
    return digests


def _task(**fields: Any) -> dict[str, Any]:
    return {"componentName": "migrate", "instanceName": "job", **fields}


RUN = "\n  parameters: [{name: run, type: string}]\n  containers:\n  - {name: main, image: migrate:1}"


@pytest.mark.parametrize(
    ("change", "again"),
    [
        (lambda text: text.replace("name: migrate\n", "name: migrate\n  annotations: {note: new}\n"), False),
        (lambda text: text.replace("image: migrate:1", "image: migrate:1, resources: {}"), False),
        (lambda text: text.replace("{name: run, type", "{name: run, description: new, type"), False),
        (lambda text: text.replace("image: migrate:1", "image: migrate:2"), True),
        (lambda text: text.replace('"one"', '"two"'), True),
    ],
)
def test_an_object_that_runs_once_runs_again_only_when_its_inputs_change(
    change: Callable[[str], str], again: bool, plan: Make, application: Text
) -> None:
    text = application(_task(parameterValues=[{"name": "run", "value": "one"}])).replace(
        "\n  containers:\n  - {name: main, image: migrate:1}", RUN
    )
    changed = change(text)
    assert changed != text
    assert (_once(plan(text)) != _once(plan(changed))) is again


def test_inputs_of_an_object_that_runs_once_include_traits_with_objects_or_edits_only(
    plan: Make, application: Text, with_types: Types
) -> None:
    job = Ref(Kind("batch/v1", "Job"), "job")
    acting = Doing("acting", lambda ctx: Rendered(edit=(SetField(job, ("spec", "suspend"), bool(ctx.properties)),)))
    idle = Doing("idle", Rendered(warnings=("nothing to do",)))

    def once(*traits: dict[str, Any]) -> str:
        return _once(plan(application(_task(traits=list(traits))), types=with_types(acting, idle)))

    plain = once()
    assert once(SCALER) == once({"name": "idle", "properties": {"a": 1}}) == plain
    assert len({plain, once({"name": "acting"}), once({"name": "acting", "properties": {"a": 1}})}) == 3
    assert once({"name": "acting"}, SCALER) == once(SCALER, {"name": "acting"}) == once({"name": "acting"})


def test_claims_come_before_the_pods_that_mount_them(front: Callable[..., Plan]) -> None:
    claims = (
        Manifest(kind=CONFIG, name="kept", body={}, retain=True),
        Manifest(kind=CONFIG, name="gone", body={}, delete_with_application=True),
    )
    keeping = Doing("keeping", Rendered(add=claims))
    planned: tuple[PlannedObject, ...] = front({"name": "keeping"}, types=(keeping,)).manifests
    assert [(item.ref.name, item.owner, item.retain, item.reclaim) for item in planned] == [
        ("web-front", "application", False, False),
        ("kept", "none", True, False),
        ("gone", "none", False, True),
        ("front", "instance", False, False),
        ("front", "instance", False, False),
    ]

"""An application beyond a limit is refused with one clear problem, before any work that grows with its size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.model.kinds import APPLICATION, DEPLOYMENT
from rudr_py.model.parse.application import parse_application, parse_scopes
from rudr_py.render import render
from rudr_py.render.status import conditions, status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import Inputs
from rudr_py.settings import DEFAULT_LIMITS, Limits
from tests.limits import shapes, work
from tests.limits.shapes import Documents
from tests.simulation import virtual_loop
from tests.simulation.cluster import SimulatedCluster
from tests.simulation.virtual_loop import VirtualLoop

MIB = 2**20


def limits(**changed: int) -> Limits:
    return msgspec.structs.replace(DEFAULT_LIMITS, **changed)


def text_in_many_variables(size: int) -> Documents:
    """An environment in which each of many variables is one large text."""
    declared = [{"name": "text", "type": "string"}]
    env = [{"name": f"TEXT_{index}", "fromParam": "text"} for index in range(size)]
    bound = shapes.binding(parameterValues=[{"name": "text", "value": "x" * MIB}])
    return [shapes.application([bound]), shapes.component(parameters=declared, container={"env": env})]


def text_in_many_references(size: int) -> Documents:
    """A property with many references to a variable with a large text."""
    traits = [{"name": "ingress", "properties": {"hostname": "[fromVariable(text)]" * size}}]
    variables = [{"name": "text", "value": "x" * MIB}]
    return [shapes.application([shapes.binding(traits=traits)], variables=variables), shapes.component()]


def text_in_many_settings(size: int) -> Documents:
    """Settings of an extended workload with many references to a parameter that is a large map."""
    references = [{"fromParam": "map"} for _ in range(size)]
    bound = shapes.binding(parameterValues=[{"name": "map", "value": {str(index): 1 for index in range(10_000)}}])
    settings = [{"name": "spec", "value": references}]
    component = shapes.component(parameters=[{"name": "map", "type": "object"}], workloadSettings=settings)
    component["spec"]["workloadType"] = "acme.example/v1.Job"
    return [shapes.application([bound]), component]


def instances_of_a_large_component(size: int) -> Documents:
    """Many instances of a component with a large file."""
    large = shapes.component(container={"config": [{"path": "/etc/large", "value": "x" * (MIB // 2)}]})
    return [shapes.application([shapes.binding(f"web-{index}") for index in range(size)]), large]


def traits(size: int) -> Documents:
    """One instance with many traits."""
    return [shapes.application([shapes.binding(traits=[{"name": "empty"}] * size)]), shapes.component()]


def parameters(size: int) -> Documents:
    """A component that declares many parameters."""
    declared = [{"name": f"text-{index}", "type": "string"} for index in range(size)]
    return [shapes.application([shapes.binding()]), shapes.component(parameters=declared)]


def variables(size: int) -> Documents:
    """An application with many variables."""
    listed = [{"name": f"text-{index}", "value": "x"} for index in range(size)]
    return [shapes.application([shapes.binding()], variables=listed), shapes.component()]


CASES: list[tuple[str, Limits, Callable[[int], Documents], int]] = [
    ("values", limits(values=100), shapes.environment, 40),
    ("components", limits(components=3), shapes.instances, 4),
    ("traits", limits(traits=3), traits, 4),
    ("scopes", limits(scopes=3), shapes.scopes, 4),
    ("scopes", limits(scopes=3), shapes.unknown_scopes, 4),
    ("parameters", limits(parameters=3), parameters, 4),
    ("parameters", limits(parameters=3), shapes.undeclared_parameters, 4),
    ("variables", limits(variables=3), variables, 4),
    ("containers", limits(containers=3), shapes.containers, 4),
    ("ignored_fields", limits(ignored_fields=3), shapes.ignore_rules, 2),
    ("expanded_values", limits(expanded_values=200), shapes.instances_with_traits, 4),
    ("expanded_values", DEFAULT_LIMITS, text_in_many_settings, 100),
    ("instance_values", limits(instance_values=100), shapes.environment, 40),
    ("instance_values", limits(instance_values=100), shapes.mounted_volumes, 20),
    ("instance_values", limits(instance_values=100), shapes.used_parameters, 30),
    ("instance_values", DEFAULT_LIMITS, shapes.environment, 8_000),
    ("expanded_bytes", DEFAULT_LIMITS, text_in_many_variables, 16_000),
    ("expanded_bytes", DEFAULT_LIMITS, text_in_many_references, 50_000),
    ("expanded_bytes", DEFAULT_LIMITS, instances_of_a_large_component, 1_000),
    ("objects", limits(objects=5), shapes.instances, 2),
    ("objects", limits(objects=5), shapes.config_files, 6),
    ("objects", limits(objects=5), shapes.scopes, 6),
    ("object_bytes", limits(object_bytes=2000), shapes.instances, 3),
]


@pytest.mark.parametrize(
    ("limit", "given", "shape", "size"), CASES, ids=[f"{case[0]}-{case[2].__name__}" for case in CASES]
)
def test_an_application_beyond_a_limit_is_refused(
    limit: str, given: Limits, shape: Callable[[int], Documents], size: int
) -> None:
    plan = work.plan(shape(size), given)
    assert plan.reason == render.TOO_LARGE
    assert not plan.manifests
    problem = plan.problems[0]
    assert f"the limit is {getattr(given, limit)}" in problem.message
    assert f"--limits {limit}=" in problem.message
    assert work.plan(shape(1), given).reason != render.TOO_LARGE


@pytest.mark.parametrize("shape", [text_in_many_variables, text_in_many_references])
def test_what_would_be_expanded_beyond_the_limit_is_not_built(shape: Callable[[int], Documents]) -> None:
    few, many = work.inputs(shape(10)), work.inputs(shape(10_000))
    small, large = _rendering(few), _rendering(many)
    # the size is counted for each reference, which takes a few instructions
    assert large - small < 10_000 * 300


def test_of_many_problems_the_first_are_listed_and_the_others_counted() -> None:
    plan = work.plan(shapes.unknown_scopes(200), limits(scopes=1000))
    *listed, last = plan.problems
    assert len(listed) == DEFAULT_LIMITS.problems
    assert last.message.startswith("100 further problems")


@pytest.mark.parametrize("shape", ["unknown_fields", "unknown_traits", "unknown_scopes"])
def test_problems_of_one_document_are_counted_once(shape: str) -> None:
    given = limits(traits=10**6, problems=10)
    plan = work.plan(shapes.SHAPES[shape](50), given)
    problems = plan.problems or plan.warnings
    everything = work.plan(shapes.SHAPES[shape](50), limits(traits=10**6, problems=10**6))
    all_problems = everything.problems or everything.warnings
    assert problems[:10] == all_problems[:10]
    assert problems[10].message.startswith(f"{len(all_problems) - 10} further")


def test_scopes_of_an_application_beyond_a_limit_are_known_to_its_neighbours() -> None:
    document, _ = shapes.members(4)
    parsed = parse_application(document, limits=limits(components=3))
    assert parsed.value is not None
    assert [scope.name for scope in parsed.value.scopes] == ["net"]
    read = parse_scopes(document, limits(components=3))
    assert read is not None
    assert [scope.name for scope in read.scopes] == ["net"]


def test_scopes_alone_are_read_as_in_the_whole_document() -> None:
    document, _ = shapes.members(4)
    whole, alone = parse_application(document).value, parse_scopes(document)
    assert whole is not None
    assert alone is not None
    assert alone.scopes == whole.scopes
    joined = [binding.application_scopes for binding in whole.components]
    assert [binding.application_scopes for binding in alone.components] == joined


def test_server_fields_do_not_count() -> None:
    document, _ = shapes.instances(1)
    document["status"] = {"resources": [{"kind": "ConfigMap", "name": str(index)} for index in range(200)]}
    document["metadata"]["managedFields"] = [{"fieldsV1": {f"f:{index}": {} for index in range(200)}}]
    assert parse_application(document, limits=limits(values=100)).problems == ()


def test_keys_that_are_long_together_are_refused() -> None:
    value: Any = 1
    for level in range(50):
        value = {f"{level}-{'x' * 200}": value}
    document, _ = shapes.instances(1)
    document["spec"]["components"][0]["parameterValues"] = {"a": [value] * 100}
    parsed = parse_application(document)
    assert parsed.value is None
    assert all(len(problem.path) < 2 * 4096 for problem in parsed.problems)


@pytest.mark.parametrize("shape", shapes.SHAPES)
@pytest.mark.parametrize("letter", ["x", "\N{SNOWMAN}"])
def test_the_status_stays_below_its_limit(shape: str, letter: str) -> None:
    documents = shapes.SHAPES[shape](150)
    encoded = msgspec.json.encode(documents).replace(b"absent-", (letter * 300 + "-").encode())
    written = work.status_of(msgspec.json.decode(encoded), limits(traits=10**6, containers=10**6))
    assert len(msgspec.json.encode(written)) <= status.SIZE_LIMIT


def test_an_inventory_that_is_larger_than_a_status_keeps_each_kind() -> None:
    resources = [{"apiVersion": "v1", "kind": kind, "name": f"{index}" * 60} for kind in "ABC" for index in range(9000)]
    full = {"conditions": [], "resources": resources, "observedGeneration": 1}
    bounded = status.bounded(full, status.read_previous({}))
    assert len(msgspec.json.encode(bounded)) <= status.SIZE_LIMIT
    assert [resource["kind"] for resource in bounded["resources"]] == ["A", "B", "C"]


def test_a_refused_application_deletes_nothing_and_recovers() -> None:
    async def scenario(cluster: SimulatedCluster) -> None:
        await cluster.start()
        cluster.start_controller("controller")
        small, component = shapes.instances(2)
        for document in (component, small):
            cluster.apply(document)
        await cluster.rest()
        assert cluster.get(DEPLOYMENT, "web-0") is not None
        large, _ = shapes.instances(DEFAULT_LIMITS.components + 1)
        cluster.apply(large)
        await cluster.rest()
        stored = cluster.get(APPLICATION, "large")
        assert stored is not None
        (valid,) = (one for one in stored["status"]["conditions"] if one["type"] == "Valid")
        assert (valid["status"], valid["reason"]) == ("False", "TooLarge")
        assert [cluster.get(DEPLOYMENT, name) is not None for name in ("web-0", "web-1")] == [True, True]
        cluster.apply(shapes.instances(1)[0])
        await cluster.rest()
        assert [cluster.get(DEPLOYMENT, name) is not None for name in ("web-0", "web-1")] == [True, False]

    _simulated(scenario)


def _rendering(inputs: Inputs) -> int:
    return work.instructions(lambda: render.render(inputs, work.CATALOG))


def _simulated(scenario: Callable[[SimulatedCluster], Any]) -> None:
    loop = VirtualLoop()

    async def run() -> None:
        await scenario(SimulatedCluster("limits", loop))

    virtual_loop.run(run(), loop)


def test_undefined_variables_of_one_text_are_listed_up_to_a_limit() -> None:
    text = "".join(f"[fromVariable(absent-{index % 5000})]" for index in range(20_000))
    document = shapes.application([shapes.binding(parameterValues=[{"name": "a", "value": text}])])
    *listed, last = work.plan([document, shapes.component()]).problems
    assert len(listed) == DEFAULT_LIMITS.problems
    assert last.message.startswith("4900 further problems")


def test_messages_of_the_server_are_cut_in_conditions() -> None:
    plan = work.plan(shapes.instances(1))
    sync = SyncState(state="False", reason="Refused", message="x" * 10**6)
    lengths = [len(condition.message) for condition in conditions.conditions(plan, sync, ())]
    assert max(lengths) <= conditions.LONGEST

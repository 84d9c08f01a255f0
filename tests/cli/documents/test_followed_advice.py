"""The advice of a message, followed literally, removes the problem and adds none."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
import yaml

from rudr_py.errors import Problem
from tests.cli.documents.example_documents import DOCUMENTS, problems_of

COMPONENT, APPLICATION = 0, 1
CONTAINER = "$.spec.containers[0]"
TRAITS = "$.spec.components[0].traits"

# (document, path, wrong value); a path that ends in +KEY renames the last key
WRONG = [
    (COMPONENT, "$.spec.osType", "Linux"),
    (COMPONENT, "$.spec.arch", "x86_64"),
    (COMPONENT, "$.spec.arch", "aarch64"),
    (COMPONENT, "$.spec.workloadType", "core.oam.dev/v1alpha1.Servre"),
    (COMPONENT, "$.spec.workloadType", "apps/v1.Deployment"),
    (COMPONENT, "$.spec.workloadType", "core.oam.dev/v1beta1.Server"),
    (COMPONENT, f"{CONTAINER}+image", "imgae"),
    (COMPONENT, f"{CONTAINER}+livenessProbe", "livenesProbe"),
    (COMPONENT, f"{CONTAINER}+env", "evn"),
    (COMPONENT, f"{CONTAINER}.ports[0].containerPort", "8080"),
    (COMPONENT, f"{CONTAINER}.ports[0].containerPort", "8080/tcp"),
    (COMPONENT, f"{CONTAINER}.ports[0].protocol", "tcp"),
    (COMPONENT, f"{CONTAINER}.ports[0].protocol", "HTTP"),
    (COMPONENT, f"{CONTAINER}.env[1].value", 5),
    (COMPONENT, f"{CONTAINER}.env[1].value", True),
    (COMPONENT, f"{CONTAINER}.env[0].fromParam", "wo"),
    (COMPONENT, f"{CONTAINER}.resources.cpu.required", "100m"),
    (COMPONENT, f"{CONTAINER}.resources.cpu.required", 500),
    (COMPONENT, f"{CONTAINER}.resources.cpu.required", 2000),
    (COMPONENT, f"{CONTAINER}.resources.cpu.required", -1),
    (COMPONENT, f"{CONTAINER}.resources.cpu.required", 0.0001),
    (COMPONENT, f"{CONTAINER}.resources.cpu.required", "2000"),
    (COMPONENT, f"{CONTAINER}.resources.cpu.required", 5_000_000),
    (COMPONENT, f"{CONTAINER}.resources.memory.required", 1),
    (COMPONENT, f"{CONTAINER}.resources.memory.required", "2Mi"),
    (COMPONENT, f"{CONTAINER}.resources.memory.required", "128B"),
    (COMPONENT, f"{CONTAINER}.resources.memory.required", 134217728),
    (COMPONENT, f"{CONTAINER}.resources.memory.required", "1P"),
    (COMPONENT, f"{CONTAINER}.resources.memory.required", "64 megabytes"),
    (COMPONENT, f"{CONTAINER}.resources.volumes[0].disk.required", 5),
    (COMPONENT, f"{CONTAINER}.resources.volumes[0].disk.required", "1P"),
    (COMPONENT, f"{CONTAINER}.resources.volumes[0].accessMode", "ReadWriteOnce"),
    (COMPONENT, f"{CONTAINER}.resources.volumes[0].accessMode", "ro"),
    (COMPONENT, f"{CONTAINER}.resources.volumes[0].sharingPolicy", "shared"),
    (COMPONENT, f"{CONTAINER}.livenessProbe.initialDelaySeconds", 10_000),
    (COMPONENT, f"{CONTAINER}.livenessProbe.initialDelaySeconds", "10s"),
    (COMPONENT, f"{CONTAINER}.livenessProbe.initialDelaySeconds", "500ms"),
    (COMPONENT, f"{CONTAINER}.readinessProbe.periodSeconds", 0),
    (COMPONENT, "$.spec.parameters[0].default", 5),
    (COMPONENT, "$.spec.parameters[0].default", False),
    (APPLICATION, f"{TRAITS}[0].properties.hostname", "[fromVaraible(domain)]"),
    (APPLICATION, f"{TRAITS}[0].properties.hostname", "[fromVariable(domian)]"),
    (APPLICATION, f"{TRAITS}[0].properties.hostname", "${domain}"),
    (APPLICATION, f"{TRAITS}[0].properties.servicePort", "8080"),
    (APPLICATION, f"{TRAITS}[0].properties+hostname", "hostnam"),
    (APPLICATION, f"{TRAITS}[0].name", "ingres"),
    (APPLICATION, f"{TRAITS}[0].name", "gateway"),
    (APPLICATION, f"{TRAITS}[1].name", "scaler"),
    (APPLICATION, f"{TRAITS}[1].properties+replicaCount", "replicacount"),
    (APPLICATION, f"{TRAITS}[1].properties.replicaCount", "2"),
    (APPLICATION, "$.spec.components[0].parameterValues[0].value", 5),
    (APPLICATION, "$.spec.components[0].parameterValues[0].value", "{{domain}}"),
    (APPLICATION, "$.spec.components[0].componentName", "wb"),
    (APPLICATION, "$.spec.components[0].applicationScopes[0]", "helth"),
    (APPLICATION, "$.spec.scopes[0].type", "core.oam.dev/v1alpha1.HelthScope"),
    (APPLICATION, "$.spec.components[0]+traits", "triats"),
    (APPLICATION, "$.spec.components[0].parameterValues[0]+value", "valeu"),
]

# values without "required"
AMOUNTS = [
    ("cpu", "100m"),
    ("cpu", "0.5"),
    ("cpu", 1),
    ("cpu", 2000),
    ("cpu", "2000"),
    ("cpu", "0.5 cores"),
    ("cpu", -1),
    ("memory", "64Mi"),
    ("memory", "128B"),
    ("memory", 134217728),
    ("memory", "64 megabytes"),
    ("gpu", 1),
    ("gpu", 1000),
]

_STEP = re.compile(r"\.([A-Za-z-]+)|\[(\d+)\]")
_MEANT = re.compile(r'Did you mean "([^"]+)"\?')
_MAP = re.compile(r"write \w+: (\{required: .+\})$")
_WRITE = re.compile(r"write (?:the number of (?:cores|seconds): )?([-\w.]+|\"[^\"]+\")(?:, without .*)?$")


def _steps(path: str) -> list[str | int]:
    return [int(index) if index else key for key, index in _STEP.findall(path)]


def _holder(document: Any, path: str) -> tuple[Any, Any]:
    """The map or list around a place, and the last step to it."""
    *outer, last = _steps(path)
    for step in outer:
        document = document[step]
    return document, last


def _broken(number: int, place: str, wrong: Any) -> list[dict[str, Any]]:
    documents = [*copy.deepcopy(DOCUMENTS)]
    path, _, key = place.partition("+")
    if key:
        holder, last = _holder(documents[number], f"{path}.{key}")
        holder[wrong] = holder.pop(last)
    else:
        holder, last = _holder(documents[number], path)
        holder[last] = wrong
    return documents


def _follow(document: dict[str, Any], problem: Problem) -> bool:
    """Change the document as the message advises; False if the advice is no mechanical one."""
    holder, last = _holder(document, problem.path)
    meant, write = _MEANT.search(problem.message), _WRITE.search(problem.message)
    if renamed := re.search(r'rename "(\w+)" to value', problem.message):
        holder[last]["value"] = holder[last].pop(renamed[1])
    elif (meant and problem.message.startswith("unknown field")) or (meant and "has no property" in problem.message):
        holder[meant[1]] = holder.pop(last)
    elif map_of := _MAP.search(problem.message):
        holder[last] = yaml.safe_load(map_of[1])
    elif meant and "the variable" in problem.message:
        holder[last] = f"[fromVariable({meant[1]})]"
    elif meant:
        holder[last] = meant[1]
    elif "put it in quotes" in problem.message:
        holder[last] = yaml.safe_dump(holder[last]).split("\n")[0]
    elif "remove the quotes" in problem.message or "without quotes" in problem.message:
        holder[last] = yaml.safe_load(holder[last])
    elif write:
        holder[last] = yaml.safe_load(write[1])
    else:
        return False
    return True


@pytest.mark.parametrize(("number", "place", "wrong"), WRONG)
def test_followed_advice_removes_the_problem_and_adds_none(number: int, place: str, wrong: Any) -> None:
    documents = _broken(number, place, wrong)
    problems = problems_of(documents)
    advised = [problem for problem in problems if _follow(copy.deepcopy(documents[number]), problem)]
    assert advised, problems
    assert _follow(documents[number], advised[0])
    assert problems_of(documents) == []


@pytest.mark.parametrize(("key", "value"), AMOUNTS)
def test_an_amount_in_place_of_a_map_is_one_problem_with_the_map_to_write(key: str, value: Any) -> None:
    documents = _broken(COMPONENT, f"{CONTAINER}.resources.{key}", value)
    # the application repeats the problems of its component
    problems = [problem for problem in problems_of(documents) if not problem.document]
    assert [problem.path for problem in problems] == [f"{CONTAINER}.resources.{key}"]
    assert _follow(documents[COMPONENT], problems[0])
    assert problems_of(documents) == []

"""The rendered chart is valid, satisfies the restricted Pod Security level, and reflects its values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from rudr_py.api import Kind
from rudr_py.testing import rbac_check
from tests.charts import cases, pod_security, rendering, values_file
from tests.charts.test_values import DEFAULTS, SCHEMA, at, leaves, without
from tests.conformance import kubernetes_schemas

RELEASES = ("1.25", "1.31", "1.37")
each_case = pytest.mark.parametrize("values", cases.CASES.values(), ids=cases.CASES)


@each_case
def test_lint_is_clean(values: dict[str, Any]) -> None:
    report = rendering.helm.lint(str(values_file.FOLDER), values, strict=True)
    messages = [message["error"] for message in report["messages"]]
    assert (report["errors"], messages) == ([], ["icon is recommended"])


@pytest.mark.parametrize("release", RELEASES)
def test_the_objects_of_all_cases_are_strictly_valid(release: str) -> None:
    # as for a cluster of this release, which a rendering without a cluster cannot know
    policy = {} if release != "1.25" else {"authorPolicy": {"create": False}}
    documents = (d for values in cases.CASES.values() for d in rendering.rendered({**values, **policy}))
    # most are equal in all cases, and validation is slow
    distinct = {json.dumps(document, sort_keys=True): document for document in documents}
    assert len(cases.CASES) >= 12
    built_in = [
        document
        for document in distinct.values()
        if rbac_check.is_built_in(Kind(document["apiVersion"], document["kind"]))
    ]
    refusals = [text for document in built_in for text in kubernetes_schemas.refusals(document, release)]
    assert built_in
    assert refusals == []


@each_case
def test_pods_satisfy_the_restricted_level(values: dict[str, Any]) -> None:
    pods = list(rendering.pods(rendering.rendered(values)))
    assert len(pods) >= 2
    assert {title: pod_security.violations(pod) for title, pod in pods} == {title: [] for title, _ in pods}


@each_case
def test_each_value_has_an_effect(values: dict[str, Any]) -> None:
    """Removing any non-default value of a case changes the result, except the tag of Rudr's image."""
    rudrs = ["image.tag"] if values.get("image", {}).get("repository") == "oamdev/rudr" else []
    before = rendering.texts(values)
    idle = []
    for path in leaves(SCHEMA):
        rest = without(values, path)
        if rest is not None and at(values, path) not in (at(DEFAULTS, path), {}) and same(before, rest):
            idle.append(".".join(path))
    assert idle == rudrs


def same(before: dict[str, str], values: dict[str, Any]) -> bool:
    """Whether these values render to the same texts; refused values do not."""
    try:
        return rendering.texts(values) == before
    except rendering.helm.HelmError:
        return False


@each_case
def test_every_object_has_the_labels_of_the_release_and_a_unique_name(values: dict[str, Any]) -> None:
    documents = [d for d in rendering.rendered(values) if d["kind"] != "Pod" and d["metadata"]["name"] != "more"]
    for document in documents:
        labels = document["metadata"].get("labels", {})
        if "text" not in document["metadata"]["name"]:
            assert labels["app.kubernetes.io/instance"] == rendering.NAME
            assert labels["helm.sh/chart"].startswith("rudr-py-")
    places = [(d["kind"], d["metadata"].get("namespace"), d["metadata"]["name"]) for d in documents]
    assert len(places) == len(set(places))


@each_case
def test_pod_selectors_never_change(values: dict[str, Any]) -> None:
    """The selector of a Deployment is immutable, so it must not depend on values or versions."""
    documents = rendering.rendered(values)
    constant = {"app.kubernetes.io/name": "rudr-py", "app.kubernetes.io/instance": rendering.NAME}
    deployment = rendering.single(documents, "Deployment")
    assert deployment["spec"]["selector"] == {"matchLabels": constant}
    assert constant.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    for document in documents:
        if document["kind"] == "Service":
            assert document["spec"]["selector"] == constant


def test_the_dashboard_is_json() -> None:
    board = rendering.single(rendering.rendered({"metrics": {"dashboard": {"enabled": True}}}), "ConfigMap")
    assert json.loads(board["data"]["rudr.json"])["title"] == "rudr_py"

"""The checks of an installation, one by one, on values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from rudr_py.catalog import PluginState
from rudr_py.cli.commands.doctor import deployment, finding, installation, types
from rudr_py.cli.commands.doctor.access_reviews import AccessReview
from rudr_py.cli.commands.doctor.finding import Finding
from rudr_py.cli.commands.doctor.types import TypeUse
from rudr_py.model.crd_schemas import crds
from rudr_py.model.metadata_keys import PACKAGE_ANNOTATION
from rudr_py.plugins import loading
from rudr_py.render.types import definitions

Document = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
CATALOG = loading.installed(only=()).catalog


def levels(found: Iterable[Finding]) -> list[str]:
    return [one.level for one in found]


def controller(replicas: int = 1, ready: int | None = None, *flags: str, name: str = "rudr-py") -> Document:
    ready = replicas if ready is None else ready
    status = {"observedGeneration": 1, "replicas": replicas, "updatedReplicas": replicas, "availableReplicas": ready}
    container = {"name": "rudr", "image": "registry.example/rudr-py:1", "args": ["run", *flags]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "oam", "labels": {"app.kubernetes.io/name": "rudr-py"}},
        "spec": {
            "replicas": replicas,
            "template": {"spec": {"serviceAccountName": "oam-account", "containers": [container]}},
        },
        "status": status,
    }


def established(definition: Document) -> Document:
    return {**definition, "status": {"conditions": [{"type": "Established", "status": "True"}]}}


@pytest.mark.parametrize(
    ("version", "level"),
    [("v1.24.17", "problem"), ("v1.25.0", "ok"), ("v1.31.4-eks-1", "ok"), ("v1.37.1", "ok"), ("v1.38.0", "note")],
)
def test_the_server_has_to_be_of_a_supported_release(version: str, level: str) -> None:
    assert levels(installation.server({"gitVersion": version})) == [level]


def test_definitions_have_to_be_there_established_and_of_this_release() -> None:
    first, second, third, *others = [established(one) for one in crds.documents()]
    assert levels(installation.custom_kinds([first, second, third, *others])) == ["ok"]
    clash = {"type": "NamesAccepted", "status": "False", "reason": "ShortNamesConflict", "message": '"comp" is taken'}
    taken = {**second, "status": {"conditions": [clash]}}
    spec = {**third["spec"], "versions": [{**third["spec"]["versions"][0], "schema": {"openAPIV3Schema": {}}}]}
    older = {**third, "spec": spec}
    missing, clashing, old = installation.custom_kinds([taken, older, *others])
    assert missing.message.endswith(f"{first['metadata']['name']} does not exist")
    assert '"comp" is taken' in clashing.message
    assert old.message.startswith(f"{third['metadata']['name']} is of another release")
    assert all(one.level == "problem" and one.next for one in (missing, clashing, old))


def test_what_the_server_leaves_out_of_a_definition_or_adds_to_it_is_no_other_release() -> None:
    listed = [established(one) for one in crds.documents()]
    for one in listed:
        schema = one["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["default"] = {}
        for part in schema["properties"].values():
            if not part.get("properties", True):
                del part["properties"]
    assert levels(installation.custom_kinds(listed)) == ["ok"]


def test_the_definitions_namespace_has_to_be_there_unless_that_cannot_be_known() -> None:
    there: Document = {"metadata": {"name": "oam"}}
    assert levels(installation.namespace(there, "oam", ())) == ["ok"]
    assert levels(installation.namespace(None, "oam", ())) == ["problem"]
    assert levels(installation.namespace({"metadata": {"deletionTimestamp": "x"}}, "oam", ())) == ["problem"]
    assert levels(installation.namespace(None, "oam", ('namespaces "oam" is forbidden',))) == []


def test_a_controller_is_known_by_the_label_of_the_chart_and_by_its_flags() -> None:
    flags = ("--leader-elect", "--leader-election-id=x", "--watch-namespace=a,b", "--definitions-namespace=defs")
    [one] = deployment.controllers([controller(2, 2, *flags), {"metadata": {"name": "other"}}])
    assert (one.lease, one.namespaces, one.definitions) == (("oam", "x"), ("a", "b"), "defs")
    assert one.user == "system:serviceaccount:oam:oam-account"
    assert deployment.definitions_namespace([one]) == "defs"
    assert deployment.definitions_namespace([]) == "rudr-system"


@pytest.mark.parametrize(
    ("deployments", "expected"),
    [
        ([], ["note"]),
        ([controller()], ["ok"]),
        ([controller(0)], ["problem"]),
        ([controller(2, 1, "--leader-elect")], ["problem"]),
        ([controller(2, 2)], ["ok", "problem"]),
        ([controller(), controller(name="second")], ["note", "ok", "ok"]),
    ],
)
def test_a_controller_has_to_be_ready_and_more_than_one_replica_needs_a_leader(
    deployments: list[Document], expected: list[str]
) -> None:
    assert levels(deployment.check(deployment.controllers(deployments), readable=True)) == expected


@pytest.mark.parametrize(
    ("spec", "level", "word"),
    [
        (
            {"holderIdentity": "pod-1", "renewTime": "2026-01-01T11:59:55.000000Z"},
            "ok",
            "renewed Lease oam/rudr-py 5 s",
        ),
        ({"holderIdentity": "pod-1", "renewTime": "2026-01-01T11:58:00.000000Z"}, "problem", "120 s ago"),
        ({"holderIdentity": "pod-1"}, "problem", "never"),
        ({"holderIdentity": ""}, "problem", "has no holder"),
        (None, "problem", "does not exist"),
    ],
)
def test_the_lease_has_to_be_held_and_renewed(spec: Document | None, level: str, word: str) -> None:
    [one] = deployment.controllers([controller(2, 2, "--leader-elect")])
    lease = None if spec is None else {"spec": {"leaseDurationSeconds": 15, **spec}}
    [found] = deployment.lease(lease, one, NOW)
    assert found.level == level
    assert word in found.message


def test_without_election_nobody_asks_for_a_lease() -> None:
    [one] = deployment.controllers([controller()])
    assert list(deployment.lease(None, one, NOW)) == []


@pytest.mark.parametrize(
    ("image", "replicas", "found"),
    [
        ("oamdev/rudr:v1.0.0", 1, ["default/old"]),
        ("registry.example/mirror/rudr@sha256:1", 1, ["default/old"]),
        ("oamdev/rudr:v1.0.0", 0, []),
        ("registry.example/rudr-py:1", 1, []),
        ("nginx", 1, []),
    ],
)
def test_rudr_itself_is_known_by_its_image(image: str, replicas: int, found: list[str]) -> None:
    spec = {"replicas": replicas, "template": {"spec": {"containers": [{"name": "x", "image": image}]}}}
    assert deployment.rudr_deployments([{"metadata": {"name": "old", "namespace": "default"}, "spec": spec}]) == found
    assert levels(deployment.rudr(found)) == ["problem"] * len(found)


def test_missing_rights_are_grouped_and_a_few_of_them_named() -> None:
    lacking = tuple(AccessReview("apps", f"kind{number}", verb) for number in range(7) for verb in ("create", "patch"))
    [found] = installation.rights({"oam/rudr-py": lacking})
    assert "the service account of oam/rudr-py is not allowed to: create,patch kind0.apps; " in found.message
    assert found.message.endswith("and 2 more")
    assert levels(installation.rights({"oam/rudr-py": ()})) == ["ok"]


def test_what_the_caller_may_not_do_is_only_noted() -> None:
    [found] = installation.caller_rights({"for x": (AccessReview("", "pods", "list", "shop"),), "for y": ()})
    assert (found.level, found.message) == ("note", "you are not allowed to list pods in shop (needed for x)")
    assert levels(installation.caller_rights({"for x": ()})) == ["ok"]


def application(name: str, *, seen: bool = True, ready: bool = True) -> Document:
    condition = {"type": "Ready", "status": str(ready), "reason": "X"}
    status = {"observedGeneration": 2 if seen else 1, "conditions": [condition]}
    return {"metadata": {"name": name, "namespace": "shop", "generation": 2}, "status": status}


def test_applications_that_nobody_looks_at_are_a_problem_and_others_that_are_not_ready_are_named() -> None:
    found = list(
        installation.applications([application("a"), application("b", ready=False), application("c", seen=False)])
    )
    assert levels(found) == ["problem", "note"]
    assert found[0].message.startswith("shop/c: ")
    assert found[1].message == "1 of 3 applications not Ready: shop/b"
    assert levels(installation.applications([application("a")])) == ["ok"]
    assert levels(installation.applications([])) == ["ok"]


APPLICATIONS: list[Document] = [
    {
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "components": [{"componentName": "c", "traits": [{"name": "ingress"}, {"name": "cron-hpa"}]}],
            "scopes": [{"name": "s", "type": "core.oam.dev/v1alpha1.HealthScope"}],
        },
    },
    {"metadata": {"name": "broken", "namespace": "shop"}, "spec": {"components": "no list"}},
]
COMPONENTS: list[Document] = [
    {"metadata": {"name": "c", "namespace": "shop"}, "spec": {"workloadType": "openfaas.com/v1alpha2.Function"}}
]


def test_types_in_use_are_those_of_components_traits_and_scopes() -> None:
    assert set(types.used(APPLICATIONS, COMPONENTS)) == {
        TypeUse("workload type", "openfaas.com/v1alpha2.Function"),
        TypeUse("trait", "ingress"),
        TypeUse("trait", "cron-hpa"),
        TypeUse("scope type", "core.oam.dev/v1alpha1.HealthScope"),
    }


def test_a_type_that_nobody_offers_is_a_problem_and_one_of_the_cluster_is_noted() -> None:
    uses = types.used(APPLICATIONS, COMPONENTS)
    function, cron = types.check(uses, CATALOG, [])
    assert "openfaas.com" in cron.message + function.message
    assert levels((function, cron)) == ["problem", "problem"]
    package = {PACKAGE_ANNOTATION: "rudr-py-cronhpa 0.2"}
    trait = {"kind": "Trait", "metadata": {"name": "cron-hpa", "annotations": package}}
    workload = {
        "kind": "WorkloadType",
        "metadata": {},
        "spec": {"group": "openfaas.com", "names": {"kind": "Function"}},
    }
    found = list(types.check(uses, CATALOG, [trait, workload]))
    assert levels(found) == ["note", "note", "ok"]
    assert any(one.next.endswith("pip install rudr-py-cronhpa") for one in found)


def test_a_plugin_that_cannot_be_used_is_noted_with_its_error() -> None:
    good = PluginState(name="a", package="rudr-a", version="1", state="loaded")
    bad = PluginState(name="b", package="rudr-b", version="2", state="failed", error="it raised")
    noted, summed = types.plugins([good, bad])
    assert (noted.level, noted.message) == ("note", "rudr-b 2: it raised")
    assert summed.message == "1 package loaded here: rudr-a 1"


def test_packages_of_another_version_than_here_are_noted() -> None:
    there = [dict(one) for one in definitions.publish(CATALOG, "oam")]
    assert levels(types.published(CATALOG, there, "oam")) == ["ok"]
    assert levels(types.published(CATALOG, [], "oam")) == ["note"]
    for one in there:
        one["metadata"] = {**one["metadata"], "annotations": {PACKAGE_ANNOTATION: "rudr-py 0.0.1"}}
    [found] = types.published(CATALOG, there, "oam")
    assert found.level == "note"
    assert found.message.startswith("rudr-py: 0.0.1 in the cluster, ")


def test_findings_say_what_to_do_below_them_and_how_many_problems_there_are() -> None:
    shown = list(finding.lines([finding.ok("server", "fine"), finding.problem("crds", "gone", "install them")], 80))
    assert shown == [
        "ok       server  fine",
        "problem  crds    gone",
        "                 -> install them",
        "",
        "1 problem found",
    ]
    twice = list(finding.lines([finding.problem("pods", name, "look at it") for name in "ab"], 80))
    assert twice[:3] == ["problem  pods  a", "problem  pods  b", "               -> look at it"]
    assert list(finding.lines([finding.note("a", "b")], 80))[-1] == "no problems found"
    unread = finding.note(finding.UNREAD, "skipped: you may not list pods")
    assert list(finding.lines([unread], 80))[-1] == "no problems found (1 check was skipped)"

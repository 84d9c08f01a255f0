"""The checks of an installation, on values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rudr_py.catalog import PluginState
from rudr_py.cli.commands.doctor import deployment, finding, installation, types
from rudr_py.cli.commands.doctor.access_reviews import AccessReview
from rudr_py.cli.commands.doctor.finding import Finding
from rudr_py.cli.commands.doctor.types import TypeUse
from rudr_py.model.crd_schemas import crds
from rudr_py.model.metadata_keys import PACKAGE_ANNOTATION
from rudr_py.plugins import loading
from rudr_py.render import definitions
from tests import other_projects

Document = dict[str, Any]
NOW = datetime(2026, 1, 1, 12, 0, 0, tzinfo=UTC)
CATALOG = loading.installed(only=()).catalog


def levels(findings: Iterable[Finding]) -> list[str]:
    return [result.level for result in findings]


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
def test_the_release_of_the_server_is_checked(version: str, level: str) -> None:
    assert levels(installation.server({"gitVersion": version})) == [level]


def test_crds_are_checked_for_existence_establishment_and_release() -> None:
    first, second, third, *others = [established(document) for document in crds.documents()]
    assert levels(installation.custom_kinds([first, second, third, *others])) == ["ok"]
    clash = {"type": "NamesAccepted", "status": "False", "reason": "ShortNamesConflict", "message": '"comp" is taken'}
    taken = {**second, "status": {"conditions": [clash]}}
    spec = {**third["spec"], "versions": [{**third["spec"]["versions"][0], "schema": {"openAPIV3Schema": {}}}]}
    older = {**third, "spec": spec}
    missing, clashing, old = installation.custom_kinds([taken, older, *others])
    assert missing.message.endswith(f"{first['metadata']['name']} does not exist")
    assert '"comp" is taken' in clashing.message
    assert old.message.startswith(f"{third['metadata']['name']} is of another release")
    assert all(result.level == "problem" and result.next for result in (missing, clashing, old))


def test_names_that_another_crd_has_are_noted() -> None:
    usual = [established(document) for document in crds.documents()]
    legacy = [established(document) for document in crds.documents(legacy_short_names=True)]
    others = [established(kind.definition) for kind in other_projects.kinds()]
    complete, *notes = installation.custom_kinds([*usual, *others])
    assert {finding.level for finding in notes} == {"note"}
    assert not any(
        ".core.oam.dev" in finding.message.partition(" instead of ")[0]
        for finding in notes
        if "components.core" not in finding.message
    )
    complete, *notes = installation.custom_kinds([*legacy, *others])
    assert complete.level == "ok"
    assert {finding.level for finding in notes} == {"note"}
    knative = next(finding for finding in notes if "configurations.serving.knative.dev" in finding.message)
    assert "cfg, configuration, configurations" in knative.message
    assert knative.next.startswith("kubectl get applicationconfigurations;")
    assert any("traitdefinitions.core.oam.dev" in finding.message for finding in notes)


def test_defaults_of_the_server_in_a_crd_are_ignored() -> None:
    listed = [established(document) for document in crds.documents()]
    for document in listed:
        schema = document["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["default"] = {}
        for part in schema["properties"].values():
            if not part.get("properties", True):
                del part["properties"]
    assert levels(installation.custom_kinds(listed)) == ["ok"]


def test_the_definitions_namespace_is_checked_if_it_is_readable() -> None:
    there: Document = {"metadata": {"name": "oam"}}
    assert levels(installation.namespace(there, "oam", ())) == ["ok"]
    assert levels(installation.namespace(None, "oam", ())) == ["problem"]
    assert levels(installation.namespace({"metadata": {"deletionTimestamp": "x"}}, "oam", ())) == ["problem"]
    assert levels(installation.namespace(None, "oam", ('namespaces "oam" is forbidden',))) == []


def test_a_controller_is_recognized_by_the_label_of_the_chart() -> None:
    flags = ("--leader-elect", "--leader-election-id=x", "--watch-namespace=a,b", "--definitions-namespace=defs")
    [deployed] = deployment.controllers([controller(2, 2, *flags), {"metadata": {"name": "other"}}])
    assert (deployed.namespaces, deployed.definitions) == (("a", "b"), "defs")
    assert (deployed.election.namespace, deployed.election.leases) == ("oam", ("x",))
    assert deployed.user == "system:serviceaccount:oam:oam-account"
    assert deployment.definitions_namespace([deployed]) == "defs"
    assert deployment.definitions_namespace([]) == "rudr-system"


@pytest.mark.parametrize(
    ("defaults", "expected"), [("podSecurity=namespace,limits.cpu=1", True), ("podSecurity=restricted", False)]
)
def test_a_controller_reads_namespaces_if_their_labels_decide_the_profile_of_pods(
    defaults: str, expected: bool
) -> None:
    [deployed] = deployment.controllers([controller(1, 1, f"--defaults={defaults}")])
    assert deployed.reads_namespaces is expected


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
def test_readiness_and_leader_election_of_the_controller_are_checked(
    deployments: list[Document], expected: list[str]
) -> None:
    assert levels(deployment.check(deployment.controllers(deployments), readable=True)) == expected


@pytest.mark.parametrize(
    ("image", "replicas", "expected"),
    [
        ("oamdev/rudr:v1.0.0", 1, ["default/old"]),
        ("registry.example/mirror/rudr@sha256:1", 1, ["default/old"]),
        ("oamdev/rudr:v1.0.0", 0, []),
        ("registry.example/rudr-py:1", 1, []),
        ("nginx", 1, []),
    ],
)
def test_rudr_itself_is_recognized_by_its_image(image: str, replicas: int, expected: list[str]) -> None:
    spec = {"replicas": replicas, "template": {"spec": {"containers": [{"name": "x", "image": image}]}}}
    assert (
        deployment.rudr_deployments([{"metadata": {"name": "old", "namespace": "default"}, "spec": spec}]) == expected
    )
    assert levels(deployment.rudr(expected)) == ["problem"] * len(expected)


def test_missing_permissions_are_grouped_and_limited() -> None:
    lacking = tuple(AccessReview("apps", f"kind{number}", verb) for number in range(7) for verb in ("create", "patch"))
    [result] = installation.rights({"oam/rudr-py": lacking})
    assert "the service account of oam/rudr-py is not allowed to: create,patch kind0.apps; " in result.message
    assert result.message.endswith("and 2 more")
    assert levels(installation.rights({"oam/rudr-py": ()})) == ["ok"]


def test_missing_permissions_of_the_caller_are_notes() -> None:
    [result] = installation.caller_rights({"for x": (AccessReview("", "pods", "list", "shop"),), "for y": ()})
    assert (result.level, result.message) == ("note", "you are not allowed to list pods in shop (needed for x)")
    assert levels(installation.caller_rights({"for x": ()})) == ["ok"]


def application(name: str, *, seen: bool = True, ready: bool = True) -> Document:
    condition = {"type": "Ready", "status": str(ready), "reason": "X"}
    status = {"observedGeneration": 2 if seen else 1, "conditions": [condition]}
    return {"metadata": {"name": name, "namespace": "shop", "generation": 2}, "status": status}


def test_pending_applications_are_a_problem_and_unready_ones_a_note() -> None:
    findings = list(
        installation.applications([application("a"), application("b", ready=False), application("c", seen=False)])
    )
    assert levels(findings) == ["problem", "note"]
    assert findings[0].message.startswith("shop/c: ")
    assert findings[1].message == "1 of 3 applications not Ready: shop/b"
    assert levels(installation.applications([application("a")])) == ["ok"]
    assert levels(installation.applications([])) == ["ok"]


def test_an_application_that_is_being_deleted_is_a_note() -> None:
    deleting = application("a", seen=False)
    deleting["metadata"]["deletionTimestamp"] = "2026-11-30T21:00:00Z"
    (finding,) = installation.applications([deleting])
    assert (finding.level, finding.message) == ("note", "shop/a: being deleted")


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


def test_an_unknown_type_is_a_problem_and_a_published_one_a_note() -> None:
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
    findings = list(types.check(uses, CATALOG, [trait, workload]))
    assert levels(findings) == ["note", "note", "ok"]
    assert any(result.next.endswith("pip install rudr-py-cronhpa") for result in findings)


def test_a_plugin_that_cannot_be_used_is_noted_with_its_error() -> None:
    good = PluginState(name="a", package="rudr-a", version="1", state="loaded")
    bad = PluginState(name="b", package="rudr-b", version="2", state="failed", error="it raised")
    noted, summed = types.plugins([good, bad])
    assert (noted.level, noted.message) == ("note", "rudr-b 2: it raised")
    assert summed.message == "1 package loaded here: rudr-a 1"


def test_different_versions_of_packages_are_noted() -> None:
    there = [dict(document) for document in definitions.publish(CATALOG, "oam")]
    assert levels(types.published(CATALOG, there, "oam")) == ["ok"]
    assert levels(types.published(CATALOG, [], "oam")) == ["note"]
    for document in there:
        document["metadata"] = {**document["metadata"], "annotations": {PACKAGE_ANNOTATION: "rudr-py 0.0.1"}}
    [result] = types.published(CATALOG, there, "oam")
    assert result.level == "note"
    assert result.message.startswith("rudr-py: 0.0.1 in the cluster, ")


def test_published_types_that_cannot_be_read_are_not_reported_as_missing() -> None:
    facts = installation.Installation(
        version={}, crds=None, namespace=None, deployments=None, definitions_namespace="oam"
    )
    loaded = loading.installed(only=())
    unread = ("skipped: you may not list traits.core.oam.dev in namespace oam",)
    assert levels(installation.published(facts, loaded)) == ["note"]
    assert levels(installation.published(msgspec.structs.replace(facts, unread=unread), loaded)) == []


def test_advice_is_printed_below_findings_and_problems_are_counted() -> None:
    lines = list(finding.lines([finding.ok("server", "fine"), finding.problem("crds", "gone", "install them")], 80))
    assert lines == [
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

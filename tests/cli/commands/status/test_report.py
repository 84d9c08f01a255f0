"""Reports of applications, from any document, and their text."""

from __future__ import annotations

from typing import Any

import click
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.cluster import pod_state
from rudr_py.cli.commands.status import report, text

Document = dict[str, Any]

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text("aé\x1b/ ", max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "conditions",
                    "type",
                    "status",
                    "reason",
                    "instances",
                    "name",
                    "traits",
                    "show",
                    "scopes",
                    "members",
                    "warnings",
                    "containerStatuses",
                    "restartCount",
                    "state",
                    "waiting",
                    "labels",
                    "phase",
                    "observedGeneration",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


def application(status: Any, **metadata: Any) -> Document:
    return {
        "metadata": {"name": "shop", "namespace": "default", "generation": 2, **metadata},
        "spec": {"components": []},
        "status": status,
    }


@given(junk, st.lists(junk, max_size=3))
def test_any_document_can_be_reported(status: Any, pods: list[Any]) -> None:
    listed = [{"metadata": {"name": "p", "labels": one}, "status": one, "spec": one} for one in pods]
    application_report = report.of(application(status), listed)
    for colours in (False, True):
        lines = list(text.lines([application_report, application_report], 80, colours=colours, wide=True))
        assert all("\n" not in line and "\x1b" not in click.unstyle(line) for line in lines)
    for one in listed:
        assert pod_state.assess(one).reason is not None


READY = {"type": "Ready", "status": "True", "reason": "Ready"}


def test_ready_requires_the_current_generation_and_no_deletion() -> None:
    assert report.of(application({"observedGeneration": 2, "conditions": [READY]})).ready
    old = report.of(application({"observedGeneration": 1, "conditions": [READY]}))
    unseen = report.of(application({}))
    ending = report.of(application({"observedGeneration": 2, "conditions": [READY]}, deletionTimestamp="now"))
    assert [one.ready for one in (old, unseen, ending)] == [False, False, False]
    assert old.pending == "the latest change has not been reconciled yet"
    assert unseen.pending.startswith("not reconciled yet")
    assert ending.pending == "being deleted"


def test_ready_requires_the_current_versions_of_the_components() -> None:
    document = application(
        {"observedGeneration": 2, "conditions": [READY], "observedComponents": {"web": {"resourceVersion": "7"}}}
    )
    document["spec"] = {"components": [{"componentName": "web", "instanceName": "shop-web"}]}

    def pending(*components: tuple[str, str, str]) -> str:
        listed = [
            {"metadata": {"namespace": namespace, "name": name, "resourceVersion": version}}
            for namespace, name, version in components
        ]
        return report.of(document, components=listed).pending

    assert pending(("default", "web", "7"), ("other", "web", "9"), ("default", "db", "9")) == ""
    assert pending(("default", "web", "8")) == 'the latest change of the component "web" has not been reconciled yet'
    assert pending(("other", "web", "7")) == 'the deletion of the component "web" has not been reconciled yet'
    assert report.of(document).ready


def test_a_component_that_a_held_instance_shares_is_not_awaited() -> None:
    status = {"observedGeneration": 2, "conditions": [READY], "instances": [{"name": "api", "reason": "Held"}]}
    document = application(status)
    document["spec"] = {"components": [{"componentName": "web", "instanceName": name} for name in ("cache", "api")]}
    component = {"metadata": {"namespace": "default", "name": "web", "resourceVersion": "7"}}
    assert report.of(document, components=[component]).pending == ""


def test_ready_of_a_paused_application_is_not_about_a_changed_document() -> None:
    stale = {**READY, "observedGeneration": 1}
    paused = report.of(application({"observedGeneration": 2, "conditions": [stale]}))
    assert not paused.ready
    assert "paused" in paused.pending


def test_a_document_that_violates_the_schema_is_the_reason_why_its_status_is_missing() -> None:
    for status in ({}, {"observedGeneration": 1}):
        document = application(status)
        document["spec"]["components"] = [{"componentName": "web"}]
        reported = report.of(document)
        assert reported.unreportable
        assert "spec.components[0].instanceName: Required value" in reported.pending
        assert not report.of(application(status)).unreportable
    # the server has accepted a status of the current generation
    document["status"] = {"observedGeneration": 2}
    assert not report.of(document).unreportable


def test_pods_are_those_of_the_application_its_namespace_and_the_instance() -> None:
    status = {"observedGeneration": 2, "instances": [{"name": "web", "state": "ready", "reason": "Ready"}]}

    def pod(name: str, namespace: str, app: str, instance: str) -> Document:
        labels = {"app.kubernetes.io/name": app, "oam.dev/instance-name": instance}
        return {"metadata": {"name": name, "namespace": namespace, "labels": labels}}

    pods = [
        pod("mine", "default", "shop", "web"),
        pod("elsewhere", "other", "shop", "web"),
        pod("theirs", "default", "blog", "web"),
        pod("sibling", "default", "shop", "db"),
    ]
    [instance] = report.of(application(status), pods).instances
    assert [one.name for one in instance.pods] == ["mine"]


def test_removed_instances_and_objects_that_are_kept_have_rows() -> None:
    status = {
        "observedGeneration": 2,
        "phase": "synced",
        "replacements": [
            {"removes": ["web-1", "api-1"], "adds": ["web-2"], "state": "waiting"},
            {"removes": ["db-1"], "adds": ["db-2"], "state": "failed", "message": "db-1 is kept: db-2 has failed"},
            {"removes": ["claim/data"], "adds": [], "instance": "web", "state": "kept"},
        ],
    }
    assert list(text.lines([report.of(application(status))], 80))[2:] == [
        "INSTANCE                HEALTH  REASON             DETAILS",
        "web-1, api-1 (removed)  kept    Waiting",
        "  web-1, api-1 are kept until web-2 is ready",
        "db-1 (removed)          kept    ReplacementFailed",
        "  db-1 is kept: db-2 has failed",
        "claim/data (removed)    kept    Kept",
        "  claim/data is kept by policy",
    ]


def test_scopes_warnings_and_long_details_have_lines_of_their_own() -> None:
    scope = {"name": "all", "type": "core.oam.dev/v1alpha1.HealthScope", "state": "failed", "reason": "Unhealthy"}
    status = {
        "observedGeneration": 2,
        "phase": "synced",
        "scopes": [{**scope, "members": 2, "message": "web does not answer", "show": {"health": "unhealthy, 1 of 2"}}],
        "warnings": ["$.spec: one thing"],
    }
    assert list(text.lines([report.of(application(status))], 80)) == [
        "shop  namespace default, phase synced",
        "",
        "INSTANCE           HEALTH  REASON     DETAILS",
        "all (HealthScope)  failed  Unhealthy",
        "  health=unhealthy, 1 of 2",
        "  web does not answer",
        "",
        "Warnings",
        "- $.spec: one thing",
    ]

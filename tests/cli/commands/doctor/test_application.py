"""The checks of an application, on values: causes before their consequences, with advice."""

from __future__ import annotations

from typing import Any

import pytest

from rudr_py.cli.commands.doctor import application
from rudr_py.cli.commands.doctor.application import ApplicationFacts
from rudr_py.cli.commands.doctor.finding import Finding
from rudr_py.plugins import loading, roles

Document = dict[str, Any]
CATALOG = loading.installed(only=()).catalog


def condition(type_: str, status: str, reason: str = "X", message: str = "") -> Document:
    return {"type": type_, "status": status, "reason": reason, "message": message}


def document(*conditions: Document, instances: Any = (), traits: Any = (), **metadata: Any) -> Document:
    spec = {"components": [{"componentName": "web", "instanceName": "shop-web", "traits": list(traits)}]}
    status = {"observedGeneration": 1, "conditions": list(conditions), "instances": list(instances)}
    return {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "shop", "namespace": "default", "generation": 1, "uid": "a", **metadata},
        "spec": spec,
        "status": status,
    }


WEB: Document = {
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"workloadType": "core.oam.dev/v1alpha1.Worker"},
}
FINE = (condition("Valid", "True"), condition("Synced", "True"), condition("Ready", "True", message="1 of 1"))


def check(application_document: Document, **rest: Any) -> list[Finding]:
    return application.check(
        ApplicationFacts(application=application_document, **{"components": (WEB,), **rest}), CATALOG
    )


def test_a_ready_application_has_one_finding() -> None:
    [finding] = check(document(*FINE))
    assert (finding.level, finding.message) == ("ok", "default/shop is Ready: 1 of 1")


def test_an_application_that_is_not_reconciled_points_to_the_installation() -> None:
    [finding] = check({**document(), "status": {}})
    assert (finding.level, finding.next) == ("problem", "rudr doctor")


def test_a_deletion_is_reported_with_its_finalizers() -> None:
    findings = check(document(*FINE, deletionTimestamp="x", finalizers=["rudr.oam.dev/reclaim"]))
    assert findings[0].message == "the application is being deleted; blocked by the finalizers rudr.oam.dev/reclaim"


def test_a_missing_component_is_reported_once_with_the_nearest_name() -> None:
    message = '$.spec.components[0].componentName: the ComponentSchematic "web" does not exist in this namespace.'
    valid = condition("Valid", "False", "ComponentNotFound", message)
    near = {"metadata": {"name": "webb"}, "spec": {}}
    [finding] = check(document(valid), components=(near,))
    assert finding.check == "components"
    assert '"web" does not exist in namespace default. Did you mean "webb"?' in finding.message
    unknown = check(document(valid), components=None)
    assert [finding.check for finding in unknown] == ["documents"]


def test_an_unknown_type_is_reported() -> None:
    [finding] = check(document(*FINE[1:], traits=[{"name": "ingres"}]))
    assert finding.check == "types"
    assert 'Did you mean "ingress"?' in finding.message


def test_a_missing_component_is_not_repeated_from_the_condition() -> None:
    lines = [
        '$.spec.components[0].componentName: the ComponentSchematic "web" does not exist in this namespace.',
        '$.spec.components[0].traits[0].name: no installed plugin provides the trait "ingres"; installed: ingress.',
        "$.a: wrong",
    ]
    valid = condition("Valid", "False", "InvalidDocument", "\n".join(lines))
    findings = check(document(valid, traits=[{"name": "ingres"}]), components=())
    assert [finding.check for finding in findings] == ["components", "types", "documents"]
    assert findings[-1].message == "$.a: wrong"


def test_each_line_of_the_valid_condition_is_a_finding() -> None:
    findings = check(document(condition("Valid", "False", "InvalidDocument", "$.a: one\n$.b: two")))
    assert [finding.message for finding in findings] == ["$.a: one", "$.b: two"]
    assert "rudr validate" in findings[0].next


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("Conflict", "rename the instance"),
        ("MissingRight", "rudr rbac"),
        ("KindUnavailable", "CustomResourceDefinition"),
        ("Forbidden", "rudr diff -f FILE"),
    ],
)
def test_a_rejected_object_has_advice_for_its_reason(reason: str, hint: str) -> None:
    findings = check(document(condition("Valid", "True"), condition("Synced", "False", reason, "service/x: no")))
    assert [(finding.check, finding.message) for finding in findings] == [("objects", "service/x: no")]
    assert hint in findings[0].next


def test_a_right_that_the_service_account_lacks_has_the_command_that_grants_it() -> None:
    line = "service/x: service account default/rudr-apps may not patch services in namespace default"
    message = f"{line}\n{roles.GRANTS}\n---\n{{}}"
    [finding] = check(document(condition("Valid", "True"), condition("Synced", "False", "MissingRight", message)))
    assert finding.message == line
    assert "kubectl apply -f -" in finding.next
    assert "-n default" in finding.next


def test_a_paused_application_has_advice_to_resume() -> None:
    [finding] = check(document(*FINE, condition("Paused", "True", "Paused", "it is")))
    assert finding.next.endswith("rudr.oam.dev/paused-")


def pod(name: str, **waiting: str) -> Document:
    status = {"phase": "Running", "containerStatuses": [{"name": "main", "state": {"waiting": waiting}}]}
    labels = {"app.kubernetes.io/name": "shop", "oam.dev/instance-name": "shop-web"}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "status": status,
    }


UNREADY = {"name": "shop-web", "state": "progressing", "reason": "R", "message": "0 of 1 ready; pod a: R"}
NOT_READY = (*FINE[:2], condition("Ready", "False", "R"))


@pytest.mark.parametrize(
    ("reason", "hint"),
    [
        ("CrashLoopBackOff", "kubectl logs -n default web-1 --previous"),
        ("ImagePullBackOff", "check the image name"),
        ("CreateContainerConfigError", "ConfigMap or Secret"),
        ("ContainerCreating", "kubectl describe pod -n default web-1"),
    ],
)
def test_an_instance_is_reported_with_its_unready_pod_and_advice(reason: str, hint: str) -> None:
    findings = check(document(*NOT_READY, instances=[UNREADY]), objects=(pod("web-1", reason=reason),))
    assert [finding.check for finding in findings] == ["instances", "pods"]
    assert findings[0].message == "shop-web: 0 of 1 ready"
    assert hint in findings[1].next


def test_a_trait_that_is_not_ready_is_a_problem_with_advice() -> None:
    trait = {"name": "ingress", "state": "failed", "reason": "NoClass", "message": "there is no class"}
    instance = {"name": "shop-web", "state": "ready", "reason": "Ready", "traits": [trait]}
    findings = check(document(*NOT_READY, instances=[instance]))
    assert [(finding.level, finding.message, finding.next) for finding in findings] == [
        ("problem", "shop-web, trait ingress: there is no class", "rudr explain trait ingress")
    ]


def event(number: int, reason: str, **rest: Any) -> Document:
    about = {"apiVersion": "v1", "kind": "Pod", "name": "web-1"}
    return {"type": "Warning", "reason": reason, "message": f"m{number}", "involvedObject": about, **rest}


def test_the_latest_warnings_are_noted_without_those_of_conditions() -> None:
    listed = (
        event(1, "FailedMount", lastTimestamp="2026-01-01T00:00:01Z"),
        event(2, "FailedMount", lastTimestamp="2026-01-01T00:00:02Z", count=7),
        event(3, "NotReady", action="Reconcile"),
        event(4, "Pulled", type="Normal"),
    )
    findings = check(document(*FINE), events=listed)
    assert [finding.message for finding in findings[1:]] == ["pod/web-1: FailedMount: m2 (7 times)"]

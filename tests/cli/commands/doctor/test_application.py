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


def test_a_removed_instance_that_is_kept_is_a_note() -> None:
    kept = {"removes": ["web-1"], "adds": ["web-2"], "state": "kept", "message": "web-1 is kept by policy"}
    application_document = document(*FINE)
    application_document["status"]["replacements"] = [kept]
    findings = check(application_document)
    assert [(finding.level, finding.check, finding.message) for finding in findings[1:]] == [
        ("note", "removals", "web-1 is kept by policy")
    ]


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
        ("UnknownPodSecurity", "rudr rbac --defaults podSecurity=namespace"),
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


@pytest.mark.parametrize(
    ("message", "trait"),
    [
        (
            '0 of 1 ready: pods "web-1" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot',
            "pod-security",
        ),
        ("0 of 1 ready: failed quota: limits: must specify limits.cpu for: web", "resources"),
    ],
)
def test_pods_that_the_namespace_rejects_have_the_setting_and_the_trait_as_advice(message: str, trait: str) -> None:
    [finding] = check(document(*NOT_READY, instances=[{**UNREADY, "message": message}]))
    assert f"the trait {trait} of rudr-py-pod" in finding.next
    assert "applicationDefaults" in finding.next


def test_an_image_that_runs_as_root_has_advice_about_its_user() -> None:
    waiting = {
        "reason": "CreateContainerConfigError",
        "message": "container has runAsNonRoot and image will run as root (pod: web-1)",
    }
    findings = check(document(*NOT_READY, instances=[UNREADY]), objects=(pod("web-1", **waiting),))
    assert "an image that does not run as root" in findings[1].next


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


def owned(name: str, owner: str, owner_kind: str, owner_version: str, **rest: Any) -> Document:
    reference = {
        "apiVersion": owner_version,
        "kind": owner_kind,
        "name": owner,
        "uid": f"uid-{owner}",
        "controller": True,
    }
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "namespace": "default", "ownerReferences": [reference]},
        **rest,
    }


def ended(number: int, code: int = 1) -> Document:
    """A failed pod of the Job `job`, whose container was not started again."""
    failed = pod(f"job-{number}")
    terminated = {"exitCode": code, "reason": "OOMKilled" if code == 137 else "Error"}
    failed["status"] = {"phase": "Failed", "containerStatuses": [{"name": "main", "state": {"terminated": terminated}}]}
    failed["metadata"] |= owned(f"job-{number}", "job", "Job", "batch/v1")["metadata"]
    failed["metadata"]["creationTimestamp"] = f"2026-01-01T00:00:0{number}Z"
    return failed


def pod_findings(*pods: Document, others: tuple[Document, ...] = (), **rest: Any) -> list[Finding]:
    findings = check(document(*NOT_READY, instances=[UNREADY]), objects=(*pods, *others), **rest)
    return [finding for finding in findings if finding.check in ("pods", "events")]


def test_the_failed_pods_of_a_job_are_one_finding_with_the_log_of_the_latest() -> None:
    [finding] = pod_findings(*map(ended, range(5)))
    assert finding.message == (
        "5 pods of job.batch/job: Error: container main ended with exit code 1 (job-4, job-3, job-2 and 2 more)"
    )
    assert finding.commands == ("kubectl logs -n default job-4",)


def test_different_causes_of_a_jobs_pods_are_counted_and_have_advice_each() -> None:
    [finding] = pod_findings(ended(0), ended(1, 137), ended(2))
    assert "3 pods of job.batch/job: Error (2), OOMKilled (1): " in finding.message
    assert finding.commands == ("kubectl logs -n default job-2",)
    assert "resources.memory" in finding.next


def test_pods_of_old_and_new_replica_sets_are_one_finding() -> None:
    old, new = pod("web-old", reason="CrashLoopBackOff"), pod("web-new", reason="ImagePullBackOff")
    sets = []
    for member in (old, new):
        name = member["metadata"]["name"]
        member["metadata"] |= owned(name, f"{name}-set", "ReplicaSet", "apps/v1")["metadata"]
        sets.append(owned(f"{name}-set", "web", "Deployment", "apps/v1", kind="ReplicaSet", apiVersion="apps/v1"))
    [finding] = pod_findings(old, new, others=tuple(sets))
    assert finding.message.startswith("2 pods of deployment.apps/web: ImagePullBackOff (1), CrashLoopBackOff (1)")
    # the sets may be unreadable
    assert len(pod_findings(old, new)) == 2


def test_pods_without_an_owner_and_in_a_circle_of_owners_are_reported() -> None:
    circle = pod("circle", reason="CrashLoopBackOff")
    circle["metadata"] |= owned("circle", "circle", "Pod", "v1")["metadata"]
    assert len(pod_findings(circle, pod("alone", reason="CrashLoopBackOff"))) == 2


def test_the_same_warning_about_pods_of_a_workload_is_one_note() -> None:
    pods = list(map(ended, range(3)))
    about = [{"apiVersion": "v1", "kind": "Pod", "name": f"job-{n}", "uid": f"uid-job-{n}"} for n in range(3)]
    listed = tuple({**event(n, "BackOff"), "involvedObject": reference} for n, reference in enumerate(about))
    findings = pod_findings(*pods, events=listed)
    assert [finding.check for finding in findings] == ["pods", "events"]


@pytest.mark.parametrize(
    ("status", "options"),
    [
        ({"state": {"terminated": {"exitCode": 1, "reason": "Error"}}}, ""),
        ({"state": {"terminated": {"exitCode": 1, "reason": "Error"}}, "restartCount": 2}, ""),
        ({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 1}, " --previous"),
    ],
)
def test_the_previous_log_is_read_only_of_a_container_that_is_started_again(status: Document, options: str) -> None:
    failed = pod("web-1")
    failed["status"] = {"phase": "Running", "containerStatuses": [{"name": "main", **status}]}
    [finding] = pod_findings(failed)
    assert finding.commands == (f"kubectl logs -n default web-1{options}",)
    failed["spec"] = {"containers": [{"name": "main"}, {"name": "sidecar"}]}
    [finding] = pod_findings(failed)
    assert finding.commands == (f"kubectl logs -n default web-1{options} -c main",)


def test_the_advice_about_a_contested_object_names_it() -> None:
    message = 'field spec.replicas of deployment.apps/shop-web was changed by "kubectl"; not reverting it for 60 s'
    [finding] = check(document(condition("Valid", "True"), condition("Synced", "False", "Contested", message)))
    assert finding.commands == ("kubectl get deployment.apps/shop-web -n default -o yaml --show-managed-fields",)

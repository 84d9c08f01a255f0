"""Changes of objects, each with the answer of Kubernetes to a server-side apply and the decision of the controller."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.reliability.kubernetes_limits import LABELS, container, ingress, obj, service, template, workload

Body = dict[str, Any]

APPLIED, CLEARED, REFUSED = "", "cleared", "refused"
REPLACED, ORPHANING, ALONE = "Foreground", "Orphan", "Background"
"""The decisions. An object is replaced with its dependents, or keeps them for the next one, or has none."""


class Change(NamedTuple):
    """Two states of an object. `paths` are the immutable fields that differ, `decision` is what the controller does.

    `status` is that of the object before the change.
    """

    name: str
    before: Body
    after: Body
    decision: str = APPLIED
    paths: tuple[str, ...] = ()
    status: Body | None = None


def changed(body: Body, **fields: Any) -> Body:
    """The body with other values in its spec; the path of a field is written with `__`, and None removes it."""
    result = copy.deepcopy(body)
    for path, value in fields.items():
        *parents, last = path.split("__")
        place = result["spec"]
        for parent in parents:
            place = place.setdefault(parent, {})
        if value is None:
            place.pop(last, None)
        else:
            place[last] = value
    return result


DEPLOYMENT, DAEMON_SET, STATEFUL_SET, JOB = (
    workload(kind) for kind in ("Deployment", "DaemonSet", "StatefulSet", "Job")
)
REPLICA_SET = {**workload("Deployment"), "kind": "ReplicaSet"}
MORE_LABELS = {**LABELS, "more": "label"}
OTHER_SELECTOR = {"selector": {"matchLabels": MORE_LABELS}, "template": template(labels=MORE_LABELS)}
OTHER_IMAGE = template({"containers": [container(image="registry.example/main:2")]})
OTHER_JOB = template({"containers": [container(image="registry.example/main:2")]}, "Never")
NAMED = changed(STATEFUL_SET, serviceName="limits")
STORAGE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "2Gi"}}}


def claim(**spec: Any) -> Body:
    return obj("PersistentVolumeClaim", spec={**STORAGE, "storageClassName": "standard", **spec})


def claim_template(name: str = "data", size: str = "1Gi") -> Body:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return {"metadata": {"name": name}, "spec": spec}


def size(storage: str) -> Body:
    return {"requests": {"storage": storage}}


def _workloads() -> Iterator[Change]:
    for body in (DEPLOYMENT, DAEMON_SET, REPLICA_SET, STATEFUL_SET):
        kind = body["kind"]
        yield Change(f"template of a {kind}", body, changed(body, template=OTHER_IMAGE))
        selector = changed(body, **OTHER_SELECTOR)
        yield Change(f"selector of a {kind}", body, selector, REPLACED, ("spec.selector",))
    yield Change("strategy of a Deployment", DEPLOYMENT, changed(DEPLOYMENT, strategy={"type": "Recreate"}), CLEARED)
    yield Change(
        "limits of a Deployment",
        DEPLOYMENT,
        changed(DEPLOYMENT, replicas=2, minReadySeconds=1, revisionHistoryLimit=1, progressDeadlineSeconds=60),
    )
    yield Change("update strategy of a DaemonSet", DAEMON_SET, changed(DAEMON_SET, updateStrategy={"type": "OnDelete"}))


def _stateful_sets() -> Iterator[Change]:
    changes: dict[str, Body] = {
        "replicas": {"replicas": 3},
        "update strategy": {"updateStrategy": {"type": "OnDelete"}},
        "minimum time of readiness": {"minReadySeconds": 5},
        "first ordinal": {"ordinals": {"start": 2}},
        "history limit": {"revisionHistoryLimit": 3},
        "retention of claims": {
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete", "whenScaled": "Retain"}
        },
    }
    for name, fields in changes.items():
        decision = CLEARED if "updateStrategy" in fields else APPLIED
        yield Change(f"{name} of a StatefulSet", STATEFUL_SET, changed(STATEFUL_SET, **fields), decision)
    claims = changed(STATEFUL_SET, volumeClaimTemplates=[claim_template()])
    larger = changed(STATEFUL_SET, volumeClaimTemplates=[claim_template(size="2Gi")])
    other = changed(STATEFUL_SET, volumeClaimTemplates=[claim_template("logs")])
    parallel = changed(STATEFUL_SET, podManagementPolicy="Parallel")
    path = "spec.volumeClaimTemplates"
    yield Change("service of a StatefulSet", STATEFUL_SET, NAMED, ORPHANING, ("spec.serviceName",))
    yield Change("order of a StatefulSet", STATEFUL_SET, parallel, ORPHANING, ("spec.podManagementPolicy",))
    yield Change("claim size of a StatefulSet", claims, larger, ORPHANING, (path,))
    yield Change("claim name of a StatefulSet", claims, other, REPLACED, (path,))
    yield Change("first claim of a StatefulSet", STATEFUL_SET, claims, REPLACED, (path,))


def _jobs() -> Iterator[Change]:
    indexed = changed(JOB, completionMode="Indexed", completions=2, parallelism=2)
    suspended = changed(JOB, suspend=True)
    yield Change("parallelism of a Job", JOB, changed(JOB, parallelism=3))
    yield Change("limits of a Job", JOB, changed(JOB, backoffLimit=1, activeDeadlineSeconds=60))
    yield Change("time to live of a Job", JOB, changed(JOB, ttlSecondsAfterFinished=60))
    yield Change("suspension of a Job", JOB, suspended)
    yield Change("template of a Job", JOB, changed(JOB, template=OTHER_JOB), REPLACED, ("spec.template",))
    yield Change("completions of a Job", JOB, changed(JOB, completions=3), REPLACED, ("spec.completions",))
    yield Change("size of an indexed Job", indexed, changed(indexed, completions=3, parallelism=3))
    yield Change(
        "completions of an indexed Job", indexed, changed(indexed, completions=3), REPLACED, ("spec.completions",)
    )
    yield Change(
        "mode of a Job",
        changed(JOB, completions=2),
        changed(JOB, completions=2, completionMode="Indexed"),
        REPLACED,
        ("spec.completionMode",),
    )
    yield Change(
        "image of a suspended Job",
        suspended,
        changed(suspended, template=OTHER_JOB),
        REPLACED,
        ("spec.template.spec",),
    )
    yield Change(
        "node selector of a suspended Job",
        suspended,
        changed(suspended, template=template({"nodeSelector": {"zone": "a"}}, "Never")),
    )
    cron_job = workload("CronJob")
    yield Change("schedule of a CronJob", cron_job, changed(cron_job, schedule="1 0 * * *"))
    yield Change("template of a CronJob", cron_job, changed(cron_job, jobTemplate={"spec": {"template": OTHER_JOB}}))


def _claims() -> Iterator[Change]:
    for name, fields, field in (
        ("class", {"storageClassName": "fast"}, "spec.storageClassName"),
        ("no class", {"storageClassName": ""}, "spec.storageClassName"),
        ("access modes", {"accessModes": ["ReadWriteMany"]}, "spec.accessModes"),
        ("mode", {"volumeMode": "Block"}, "spec.volumeMode"),
        ("smaller size", {"resources": size("1Gi")}, "spec.resources.requests.storage"),
        ("larger size of an unbound one", {"resources": size("3Gi")}, "spec.resources.requests.storage"),
    ):
        yield Change(f"{name} of a claim", claim(), claim(**fields), REFUSED, (field,))
    yield Change("equal size of a claim", claim(), claim(resources=size("2048Mi")))
    fixed = claim(storageClassName="fast")
    bound = {"phase": "Bound", "capacity": {"storage": "2Gi"}, "accessModes": ["ReadWriteOnce"]}
    path = ("spec.resources.requests.storage",)
    yield Change("larger size of a bound claim", claim(), claim(resources=size("3Gi")), status=bound)
    yield Change("smaller size of a bound claim", claim(), claim(resources=size("1Gi")), REFUSED, path, bound)
    yield Change(
        "size of a class without expansion",
        fixed,
        claim(storageClassName="fast", resources=size("3Gi")),
        REFUSED,
        path,
        bound,
    )
    yield Change(
        "class of a bound claim", claim(), claim(storageClassName="fast"), REFUSED, ("spec.storageClassName",), bound
    )
    labelled = {**claim(), "metadata": {"name": "limits", "labels": {"a": "b"}}}
    yield Change("label of a claim", claim(), labelled)


def _services() -> Iterator[Change]:
    base, headless = service(), service(clusterIP="None")
    external = obj("Service", spec={"type": "ExternalName", "externalName": "a.example"})
    fixed, other = service(clusterIP="10.0.77.1"), service(clusterIP="10.0.77.2")
    path = ("spec.clusterIPs[0]",)
    yield Change("ports of a Service", base, service("limits", {"port": 81}))
    yield Change("protocol of a Service", base, service("limits", {"port": 80, "protocol": "UDP"}))
    yield Change("selector of a Service", base, service(selector=MORE_LABELS))
    yield Change("node port of a Service", base, service(type="NodePort"))
    yield Change("load balancer of a Service", base, service(type="LoadBalancer"))
    yield Change("cluster address after a node port", service(type="NodePort"), base)
    yield Change("external name of a Service", base, external)
    yield Change("cluster address after an external name", external, base)
    yield Change("session affinity of a Service", base, service(sessionAffinity="ClientIP"))
    yield Change("headless Service", base, headless, ALONE, path)
    yield Change("address of a headless Service", headless, fixed, ALONE, path)
    yield Change("other address of a Service", fixed, other, ALONE, path)
    yield Change(
        "other family of a Service",
        service(ipFamilies=["IPv4"], ipFamilyPolicy="SingleStack"),
        service(ipFamilies=["IPv6"], ipFamilyPolicy="SingleStack"),
        ALONE,
        ("spec.clusterIPs[0]",),
    )


def _data() -> Iterator[Change]:
    def data(kind: str, value: str, *, immutable: bool | None = None, **more: Any) -> Body:
        fields: Body = {} if immutable is None else {"immutable": immutable}
        return obj(kind, data={"a": value}, **fields, **more)

    for kind, one, two in (("ConfigMap", "1", "2"), ("Secret", "MQ==", "Mg==")):
        kept = data(kind, one, immutable=True)
        yield Change(f"data of a {kind}", data(kind, one), data(kind, two))
        yield Change(f"immutable {kind}", data(kind, one), data(kind, two, immutable=True))
        yield Change(f"data of an immutable {kind}", kept, data(kind, two, immutable=True), ALONE, ("data",))
        yield Change(f"mutable {kind} again", kept, data(kind, one), ALONE, ("immutable",))
    opaque, basic = data("Secret", "MQ=="), data("Secret", "MQ==", type="example.com/other")
    yield Change("type of a Secret", {**opaque, "type": "Opaque"}, basic, ALONE, ("type",))


def _others() -> Iterator[Change]:
    pod = obj("Pod", spec=template()["spec"])
    yield Change("image of a Pod", pod, changed(pod, containers=[container(image="registry.example/main:2")]))
    yield Change(
        "command of a Pod", pod, changed(pod, containers=[container(command=["run"])]), REPLACED, ("spec.containers",)
    )
    yield Change("node of a Pod", pod, changed(pod, nodeSelector={"a": "b"}), REPLACED, ("spec.nodeSelector",))
    yield Change("rules of an Ingress", ingress(), ingress("/b", host="b.example", backend="b"))
    yield Change("class of an Ingress", ingress(), ingress(ingressClassName="nginx"))
    policy = obj("NetworkPolicy", spec={"podSelector": {"matchLabels": LABELS}})
    yield Change("pods of a NetworkPolicy", policy, changed(policy, podSelector={"matchLabels": MORE_LABELS}))
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "limits"},
        "spec": {"maxReplicas": 2, "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "a"}},
    }
    yield Change(
        "target of an autoscaler",
        autoscaler,
        changed(autoscaler, scaleTargetRef={"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "b"}),
    )
    budget = {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": {"name": "limits"},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": LABELS}},
    }
    yield Change("pods of a disruption budget", budget, changed(budget, selector={"matchLabels": MORE_LABELS}))


CLASSES = [
    {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name},
        "provisioner": "example.com/disks",
        "allowVolumeExpansion": expandable,
    }
    for name, expandable in (("standard", True), ("fast", False))
]
"""The classes of the claims."""

CHANGES = [*_workloads(), *_stateful_sets(), *_jobs(), *_claims(), *_services(), *_data(), *_others()]

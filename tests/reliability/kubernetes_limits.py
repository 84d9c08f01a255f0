"""Objects at the limits of Kubernetes, each with whether Kubernetes accepts it."""

from __future__ import annotations

import base64
from typing import Any, NamedTuple

Body = dict[str, Any]


class Case(NamedTuple):
    """An object, and whether it is valid; `name` describes it."""

    name: str
    body: Body
    valid: bool


LABELS = {"app": "limits"}
PORT = {"name": "http", "containerPort": 80, "protocol": "TCP"}
KINDS = {
    "Deployment": "apps/v1",
    "StatefulSet": "apps/v1",
    "DaemonSet": "apps/v1",
    "Job": "batch/v1",
    "CronJob": "batch/v1",
    "Ingress": "networking.k8s.io/v1",
    "NetworkPolicy": "networking.k8s.io/v1",
}


def obj(kind: str, name: str = "limits", **fields: Any) -> Body:
    metadata = {"name": name, **fields.pop("metadata", {})}
    return {"apiVersion": KINDS.get(kind, "v1"), "kind": kind, "metadata": metadata, **fields}


def template(spec: Body | None = None, restart: str = "Always", **metadata: Any) -> Body:
    pod = {"restartPolicy": restart, "containers": [container()], **(spec or {})}
    return {"metadata": {"labels": LABELS, **metadata}, "spec": pod}


def container(name: str = "main", **fields: Any) -> Body:
    return {"name": name, "image": "registry.example/main:1", **fields}


def workload(kind: str, name: str = "limits", pod: Body | None = None, **metadata: Any) -> Body:
    ends = kind in ("Job", "CronJob")
    pods = template(pod, "Never" if ends else "Always", **metadata)
    if kind == "CronJob":
        return obj(kind, name, spec={"schedule": "0 0 * * *", "jobTemplate": {"spec": {"template": pods}}})
    selector = {} if ends else {"selector": {"matchLabels": LABELS}}
    return obj(kind, name, spec={**selector, "template": pods})


def service(name: str = "limits", *ports: Body, **spec: Any) -> Body:
    return obj("Service", name, spec={"selector": LABELS, "ports": list(ports) or [{"port": 80}], **spec})


def ingress(path: str = "/", host: str = "a.example", backend: str = "web", number: int = 80, **spec: Any) -> Body:
    target = {"service": {"name": backend, "port": {"number": number}}}
    rule = {"host": host, "http": {"paths": [{"path": path, "pathType": "Prefix", "backend": target}]}}
    return obj("Ingress", spec={"rules": [rule], **spec})


def _names() -> list[Case]:
    long = {52: "a" * 52, 53: "a" * 53, 63: "a" * 63, 64: "a" * 64, 253: ("a" * 63 + ".") * 3 + "a" * 61}
    long[254] = long[253] + "a"
    valid = {
        "Deployment": ("a", "1", "a.b", long[63], long[253]),
        "StatefulSet": ("a", "1a", long[52]),
        "DaemonSet": ("a.b", long[63]),
        "Job": ("a", "a.b", long[63]),
        "CronJob": ("a.b", long[52]),
        "Service": ("a", "a-1", long[63]),
        "ConfigMap": ("a.b", "1", long[253]),
    }
    invalid = {
        "Deployment": ("A", "a_b", "-a", "a-", "a..b", "a.-b", ".a", "ä", long[254]),
        "StatefulSet": ("a.b", "A", long[64]),
        "DaemonSet": ("A", long[254]),
        "Job": ("a_b", long[64]),
        "CronJob": ("A", long[53]),
        "Service": ("a.b", "A", "a-", long[64]),
        "ConfigMap": ("a_b", long[254]),
    }
    bodies = {"Service": service, "ConfigMap": lambda name: obj("ConfigMap", name)}
    return [
        Case(f"{kind} named {name[:12]} of {len(name)}", _named(bodies, kind, name), accepted)
        for accepted, table in ((True, valid), (False, invalid))
        for kind, names in table.items()
        for name in names
    ]


def _named(bodies: Any, kind: str, name: str) -> Body:
    result: Body = bodies[kind](name) if kind in bodies else workload(kind, name)
    return result


def _labels() -> list[Case]:
    def labelled(**labels: str) -> Body:
        return obj("ConfigMap", metadata={"labels": {key.replace("__", "/"): value for key, value in labels.items()}})

    full = 256 * 2**10
    return [
        Case("label value of 63", labelled(a="x" * 63), True),
        Case("label value of 64", labelled(a="x" * 64), False),
        Case("empty label value", labelled(a=""), True),
        Case("label value with _ . and capitals", labelled(a="A_b.c"), True),
        Case("label value that ends in -", labelled(a="a-"), False),
        Case("label value with a slash", labelled(a="a/b"), False),
        Case("label key of 63", labelled(**{"k" * 63: "x"}), True),
        Case("label key of 64", labelled(**{"k" * 64: "x"}), False),
        Case("label key with a domain", labelled(example__a="x"), True),
        Case("label key with a domain in capitals", labelled(Example__a="x"), False),
        Case("label key with two slashes", labelled(a__b__c="x"), False),
        Case("label key without a domain before the slash", labelled(__a="x"), False),
        Case("label key without a name", labelled(example__="x"), False),
        Case("annotation key in capitals", obj("ConfigMap", metadata={"annotations": {"Example/A": "x"}}), True),
        Case("annotation key with a space", obj("ConfigMap", metadata={"annotations": {"a b": "x"}}), False),
        Case("annotations of 256 KiB", obj("ConfigMap", metadata={"annotations": {"a": "x" * (full - 1)}}), True),
        Case("annotations of more", obj("ConfigMap", metadata={"annotations": {"a": "x" * full}}), False),
        Case("annotations of more bytes", obj("ConfigMap", metadata={"annotations": {"a": "ä" * (full // 2)}}), False),
        Case("label value of a pod", workload("Deployment", labels={**LABELS, "b": "x" * 64}), False),
        Case("annotation key of a pod", workload("Deployment", annotations={"a b": "x"}), False),
        Case("node selector", workload("Deployment", pod={"nodeSelector": {"a": "x" * 64}}), False),
        Case("selector of a Service", service(selector={"a": "x" * 64}), False),
    ]


def _ports() -> list[Case]:
    def ports(*ports: Body) -> Body:
        return workload("Deployment", pod={"containers": [container(ports=list(ports))]})

    other = {"name": "other", "containerPort": 81, "protocol": "TCP"}
    cases = [
        Case("two containers with one port name", _two(ports=[PORT]), True),
        Case("container port 65535", ports({"containerPort": 65535, "protocol": "TCP"}), True),
        Case("container port 65536", ports({"containerPort": 65536, "protocol": "TCP"}), False),
        Case("container port -1", ports({"containerPort": -1, "protocol": "TCP"}), False),
        Case("host port 65536", ports({**PORT, "hostPort": 65536}), False),
        Case("unknown protocol", ports({**PORT, "protocol": "HTTP"}), False),
        Case("port name twice in a container", ports(PORT, {**PORT, "containerPort": 81}), False),
        Case("port twice in a container", ports(PORT, {**PORT, "name": "again"}), False),
        Case("port with two protocols", ports(PORT, {**PORT, "name": "udp", "protocol": "UDP"}), True),
        Case("host port twice", ports({**PORT, "hostPort": 80}, {**other, "hostPort": 80}), False),
        Case("Service port 65535", service("a", {"port": 65535}), True),
        Case("Service port 0", service("a", {"port": 0}), False),
        Case("Service port 65536", service("a", {"port": 65536}), False),
        Case("target port 65536", service("a", {"port": 80, "targetPort": 65536}), False),
        Case("target port by name", service("a", {"port": 80, "targetPort": "a" * 15}), True),
        Case("target port by a long name", service("a", {"port": 80, "targetPort": "a" * 16}), False),
        Case("Service port name of 63", service("a", {"name": "a" * 63, "port": 80}), True),
        Case("Service port name of 64", service("a", {"name": "a" * 64, "port": 80}), False),
        Case("Service port name with digits only", service("a", {"name": "80", "port": 80}), True),
        Case("Service port name with capitals", service("a", {"name": "A", "port": 80}), False),
        Case("Service port name twice", service("a", {"name": "a", "port": 80}, {"name": "a", "port": 81}), False),
        Case("Service ports without names", service("a", {"port": 80}, {"port": 81}), False),
        Case("Service port twice", service("a", {"name": "a", "port": 80}, {"name": "b", "port": 80}), False),
        Case("Service protocol HTTP", service("a", {"port": 80, "protocol": "HTTP"}), False),
        Case("Service without ports", obj("Service", spec={"selector": LABELS}), False),
        Case("headless Service without ports", obj("Service", spec={"clusterIP": "None"}), True),
    ]
    valid_names = ("a", "a" * 15, "1a", "a-b", "a-1-b")
    invalid_names = ("a" * 16, "1", "1-2", "A", "a--b", "-a", "a-", "a_b", "a.b")
    return cases + [
        Case(f"port name {name}", ports({**PORT, "name": name}), accepted)
        for accepted, names in ((True, valid_names), (False, invalid_names))
        for name in names
    ]


def _two(names: tuple[str, str] = ("a", "b"), **fields: Any) -> Body:
    return workload("Deployment", pod={"containers": [container(name, **fields) for name in names]})


def _pods() -> list[Case]:
    def env(*names: str) -> Body:
        return workload(
            "Deployment", pod={"containers": [container(env=[{"name": name, "value": "x"} for name in names])]}
        )

    def mounts(*mounts: Body, volumes: tuple[str, ...] = ("v",), kind: str = "Deployment") -> Body:
        pod = {
            "volumes": [{"name": name, "emptyDir": {}} for name in volumes],
            "containers": [container(volumeMounts=list(mounts))],
        }
        return workload(kind, pod=pod)

    one = {"name": "v", "mountPath": "/v"}
    return [
        Case("container names", _two(("a", "1-b")), True),
        Case("container name twice", _two(("a", "a")), False),
        Case("container name with a dot", _two(("a", "a.b")), False),
        Case("container name of 63", _two(("a", "b" * 63)), True),
        Case("container name of 64", _two(("a", "b" * 64)), False),
        Case("container name in capitals", _two(("a", "B")), False),
        Case(
            "name of an init container twice",
            workload("Deployment", pod={"initContainers": [container()]}),
            False,
        ),
        Case("environment variables", env("A", "b.c-d_e", "_", "-"), True),
        Case("environment variable twice", env("A", "A"), False),
        Case("environment variable without a name", env(""), False),
        Case("environment variable with =", env("A=B"), False),
        Case("mount", mounts(one), True),
        Case("mounts of one volume", mounts(one, {"name": "v", "mountPath": "/w"}), True),
        Case("mount path twice", mounts(one, {**one, "name": "w"}, volumes=("v", "w")), False),
        Case("mount without a path", mounts({**one, "mountPath": ""}), False),
        Case("mount of no volume", mounts({**one, "name": "w"}), False),
        Case("mount of no volume in a Job", mounts({**one, "name": "w"}, kind="Job"), False),
        Case("mount of no volume in a CronJob", mounts({**one, "name": "w"}, kind="CronJob"), False),
        Case("relative mount path", mounts({**one, "mountPath": "v"}), True),
        Case("absolute sub-path", mounts({**one, "subPath": "/a"}), False),
        Case("sub-path to above", mounts({**one, "subPath": "a/../b"}), False),
        Case("sub-path", mounts({**one, "subPath": "a/..b"}), True),
        Case("volume name twice", mounts(volumes=("v", "v")), False),
        Case("volume name with a dot", mounts(volumes=("v.w",)), False),
        Case("volume name of 64", mounts(volumes=("v" * 64,)), False),
    ]


def _data() -> list[Case]:
    megabyte = 2**20

    def secret(value: bytes, **more: Any) -> Body:
        return obj("Secret", data={"a": base64.b64encode(value).decode()}, **more)

    cases = [
        Case("ConfigMap of 1 MiB", obj("ConfigMap", data={"a": "x" * megabyte}), True),
        Case("ConfigMap of more", obj("ConfigMap", data={"a": "x" * megabyte, "b": "x"}), False),
        Case("ConfigMap of more bytes", obj("ConfigMap", data={"a": "ä" * (megabyte // 2 + 1)}), False),
        Case("key in data and binaryData", obj("ConfigMap", data={"a": "x"}, binaryData={"a": "eA=="}), False),
        Case("Secret of 1 MiB", secret(b"x" * megabyte), True),
        Case("Secret of more", secret(b"x" * (megabyte + 1)), False),
        Case("key of a Secret", obj("Secret", stringData={"a/b": "x"}), False),
    ]
    valid, invalid = ("a", ".a", "A_b-c.d", "k" * 253), (".", "..", "..a", "a/b", "ä", "k" * 254)
    return cases + [
        Case(f"key {key[:8]} of {len(key)}", obj("ConfigMap", data={key: "x"}), accepted)
        for accepted, keys in ((True, valid), (False, invalid))
        for key in keys
    ]


def _ingresses() -> list[Case]:
    tls = {"hosts": ["a.example"], "secretName": "certificate"}
    return [
        Case("Ingress", ingress(), True),
        Case("wildcard host", ingress(host="*.a.example"), True),
        Case("two wildcards", ingress(host="*.*.example"), False),
        Case("host of one star", ingress(host="*"), False),
        Case("host that is an address", ingress(host="10.0.0.1"), False),
        Case("host in capitals", ingress(host="A.example"), False),
        Case("relative path", ingress("a"), False),
        Case("empty path", ingress(""), False),
        Case("path with //", ingress("/a//b"), False),
        Case("path with an escaped slash", ingress("/a%2fb"), False),
        Case("path to above", ingress("/a/.."), False),
        Case("path with dots", ingress("/a/..b"), True),
        Case("backend with a dot", ingress(backend="a.b"), False),
        Case("backend of 64", ingress(backend="a" * 64), False),
        Case("backend port 65536", ingress(number=65536), False),
        Case("TLS", ingress(tls=[tls]), True),
        Case("TLS host in capitals", ingress(tls=[{**tls, "hosts": ["A"]}]), False),
        Case("name of a certificate", ingress(tls=[{**tls, "secretName": "a_b"}]), False),
        Case("class in capitals", ingress(ingressClassName="A"), False),
    ]


def _indexed(name: str, completions: int) -> Body:
    body = workload("Job", name)
    body["spec"] |= {"completionMode": "Indexed", "completions": completions}
    return body


def _revised_pod(stateful_set: str) -> Body:
    """A pod with the label that the controller of StatefulSets adds: the name, a dash and ten digits."""
    labels = {"controller-revision-hash": f"{stateful_set}-1234567890"}
    return obj("Pod", metadata={"labels": labels}, spec=template()["spec"])


def _of_service(name: str) -> Body:
    body = workload("StatefulSet")
    body["spec"]["serviceName"] = name
    return body


def _jobs() -> list[Case]:
    policy = {"podSelector": {"matchLabels": {"a": "x" * 64}}}
    return [
        Case("Indexed Job of 10 pods", _indexed("a" * 61, 10), True),
        Case("Indexed Job of 11 pods", _indexed("a" * 61, 11), False),
        Case("Indexed Job with a dot", _indexed("a.b", 1), False),
        Case("pod of a StatefulSet of 52", _revised_pod("a" * 52), True),
        Case("pod of a StatefulSet of 53", _revised_pod("a" * 53), False),
        Case("StatefulSet of a Service of 63", _of_service("a" * 63), True),
        Case("StatefulSet of a Service of 64", _of_service("a" * 64), False),
        Case("NetworkPolicy of a long label", obj("NetworkPolicy", spec=policy), False),
    ]


CASES = (*_names(), *_labels(), *_ports(), *_pods(), *_data(), *_ingresses(), *_jobs())


def _of_variable(name: str) -> Body:
    return workload("Deployment", pod={"containers": [container(env=[{"name": name, "value": "x"}])]})


STRICTER = (
    Case("StatefulSet of 53, whose pods are rejected", workload("StatefulSet", "a" * 53), False),
    Case("StatefulSet of 63, whose pods are rejected", workload("StatefulSet", "a" * 63), False),
    Case("environment variable that starts with a digit", _of_variable("1A"), False),
    Case("environment variable with a space", _of_variable("A B"), False),
    Case("Service that starts with a digit", service("1a"), False),
    Case("backend that starts with a digit", ingress(backend="1a"), False),
)
"""Objects that Kubernetes 1.36 accepts, and whose pods it rejects, or which an older release rejects."""

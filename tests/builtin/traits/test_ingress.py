"""The trait ingress: hosts, paths and ports, and invalid properties."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import InvalidProperties, Manifest, TraitContext
from rudr_py.api.component import Component
from rudr_py.builtin import kinds
from rudr_py.builtin.traits.ingress import Ingress

MakeContext = Callable[..., TraitContext[Any]]
MAIN = {"name": "main", "image": "example:1"}
HTTP = {"name": "http", "containerPort": 80}
ADMIN = {"name": "admin", "containerPort": 9000}
DNS = {"name": "dns", "containerPort": 53, "protocol": "UDP"}


@pytest.fixture
def ingress(component: Callable[..., Component], context: MakeContext) -> Callable[..., TraitContext[Any]]:
    """The context of an ingress with these properties in front of a component with these ports."""

    def make(given: dict[str, Any], *ports: dict[str, Any]) -> TraitContext[Any]:
        return context(Ingress(), component({**MAIN, "ports": list(ports)}), given)

    return make


def _spec(ctx: TraitContext[Any]) -> dict[str, Any]:
    (manifest,) = Ingress().render(ctx).add
    spec: dict[str, Any] = manifest.body["spec"]
    return spec


def _refused(ctx: TraitContext[Any]) -> list[tuple[str, str]]:
    with pytest.raises(InvalidProperties) as refused:
        Ingress().render(ctx)
    return [(problem.message, problem.path) for problem in refused.value.problems]


def test_the_only_tcp_port_is_the_default(ingress: MakeContext) -> None:
    spec = _spec(ingress({"hostname": "shop.example.com"}, DNS, HTTP))
    (path,) = spec["rules"][0]["http"]["paths"]
    assert path == {
        "path": "/",
        "pathType": "Prefix",
        "backend": {"service": {"name": "web", "port": {"number": 80}}},
    }


def test_all_ports_are_listed_if_none_is_chosen(ingress: MakeContext) -> None:
    ((message, path),) = _refused(ingress({"hostname": "shop.example.com"}, HTTP, ADMIN))
    assert "80 (http)" in message
    assert "9000 (admin)" in message
    assert path == "$.servicePort"


def test_an_unknown_port_is_rejected(ingress: MakeContext) -> None:
    ((message, _),) = _refused(ingress({"hostname": "shop.example.com", "servicePort": 8080}, HTTP))
    assert "8080" in message
    assert "80 (http)" in message


def test_a_component_without_a_port_is_rejected(ingress: MakeContext) -> None:
    ((message, _),) = _refused(ingress({"hostname": "shop.example.com", "servicePort": 80}))
    assert "no TCP port" in message


def test_a_missing_hostname_is_reported_together_with_all_other_problems(ingress: MakeContext) -> None:
    problems = _refused(ingress({"path": "buy", "servicePort": 1}, HTTP))
    assert [path for _, path in problems] == ["$.hostname", "$.path", "$.servicePort"]


@pytest.mark.parametrize("host", ["https://shop.example.com", "Shop.example.com", "shop.example.com:80", "a..b", "*"])
def test_an_invalid_host_name_is_rejected(host: str, ingress: MakeContext) -> None:
    ((message, path),) = _refused(ingress({"hostname": host}, HTTP))
    assert host in message
    assert path == "$.hostname"


def test_problems_in_rules_have_their_paths(ingress: MakeContext) -> None:
    rules = [{"paths": [{}, {"path": "x"}]}]
    ((_, path),) = _refused(ingress({"rules": rules}, HTTP))
    assert path == "$.rules[0].paths[1].path"


def test_a_rule_without_a_host_applies_to_all_hosts(ingress: MakeContext) -> None:
    (rule,) = _spec(ingress({"rules": [{}]}, HTTP))["rules"]
    assert "host" not in rule


@pytest.mark.parametrize("hosts", ["a.example.com, b.example.com", ["a.example.com", "b.example.com"]])
def test_tls_hosts_may_be_a_list_or_one_text(hosts: Any, ingress: MakeContext) -> None:
    given = {"hostname": "a.example.com", "tlsHosts": hosts, "tlsSecretName": "cert"}
    assert _spec(ingress(given, HTTP))["tls"] == [{"hosts": ["a.example.com", "b.example.com"], "secretName": "cert"}]


def test_a_certificate_is_for_the_hosts_of_the_rules_by_default(ingress: MakeContext) -> None:
    given = {
        "hostname": "a.example.com",
        "tlsSecretName": "cert",
        "rules": [{"hostname": "b.example.com"}, {"hostname": "a.example.com", "paths": [{"path": "/x"}]}],
    }
    assert _spec(ingress(given, HTTP))["tls"][0]["hosts"] == ["a.example.com", "b.example.com"]


def test_tls_hosts_without_a_secret_have_no_effect_and_cause_a_warning(ingress: MakeContext) -> None:
    ctx = ingress({"hostname": "a.example.com", "tlsHosts": "a.example.com"}, HTTP)
    assert "tls" not in _spec(ctx)
    assert len(Ingress().render(ctx).warnings) == 1


def test_health_shows_the_hosts(ingress: MakeContext) -> None:
    assert Ingress().health(ingress({"hostname": "a.example.com", "rules": [{}]}, HTTP)).show == {
        "hosts": "a.example.com, *"
    }


NAME = "front-trait-ingress"


def _live(spec: Any = None, annotations: Any = None, addresses: Any = None) -> dict[str, Any]:
    return {
        "metadata": {"name": NAME, "annotations": annotations or {}},
        "spec": spec or {},
        "status": {"loadBalancer": {"ingress": addresses or []}},
    }


def _of_class(name: str) -> dict[str, Any]:
    return {"metadata": {"name": name}}


@pytest.mark.parametrize(
    ("live", "classes", "reason"),
    [
        (_live(), [], "NoIngressClass"),
        (_live(), [_of_class("nginx")], "NoIngressClass"),
        (_live(), None, "NoIngressClass"),
        (_live(addresses=[{"ip": "192.0.2.1"}]), [], "Ready"),
        (_live(annotations={"kubernetes.io/ingress.class": "nginx"}), [], "Ready"),
        (_live({"ingressClassName": "nginx"}), [_of_class("nginx")], "Ready"),
        (_live({"ingressClassName": "nginx"}), [_of_class("other")], "IngressClassNotFound"),
        (_live({"ingressClassName": "nginx"}, addresses=[{"ip": "192.0.2.1"}]), [], "Ready"),
        # the controller may not read classes
        (_live({"ingressClassName": "nginx"}), None, "Ready"),
    ],
)
def test_an_ingress_is_ready_if_a_controller_may_serve_it(
    live: dict[str, Any], classes: list[dict[str, Any]] | None, reason: str, ingress: MakeContext
) -> None:
    def observe(kind: Any) -> tuple[dict[str, Any], ...]:
        if kind == kinds.INGRESS:
            return (live,)
        if classes is None:
            raise LookupError
        return tuple(classes)

    ctx = ingress({"hostname": "a.example.com"}, HTTP)
    manifest = Manifest(kind=kinds.INGRESS, name=NAME, body={})
    health = Ingress().health(msgspec.structs.replace(ctx, manifests=(manifest,), _observe=observe))
    assert (health.reason, health.ok) == (reason, reason == "Ready")
    assert health.ok or health.message.startswith(f"ingress.networking.k8s.io/{NAME}: ")

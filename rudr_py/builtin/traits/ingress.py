"""ingress: routes from outside the cluster to the Service of the instance, as networking.k8s.io/v1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from rudr_py.api import Health, InvalidProperties, Manifest, Problem, Rendered, Trait, TraitContext
from rudr_py.builtin import kinds, labels

PathType = Annotated[
    Literal["Prefix", "Exact", "ImplementationSpecific"],
    msgspec.Meta(description="How the path is compared with that of a request."),
]
PortNumber = Annotated[
    Annotated[int, msgspec.Meta(ge=1, le=65535)] | None,
    msgspec.Meta(description="The port of the component that it leads to; needed only when there are several."),
]

_HOST = re.compile(r"(?=.{1,253}$)(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


class HttpPath(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A path of a host, and where it leads."""

    path: Annotated[str, msgspec.Meta(description="The path that requests begin with.")] = "/"
    path_type: PathType = "Prefix"
    service_port: PortNumber = None


class HostRule(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A host with its paths."""

    hostname: Annotated[str, msgspec.Meta(description="The host name; every host when it is left out.")] = ""
    paths: Annotated[tuple[HttpPath, ...], msgspec.Meta(min_length=1)] = (HttpPath(),)


class Properties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Hosts, paths and TLS."""

    hostname: Annotated[
        str,
        msgspec.Meta(
            description="The host name to answer for, such as shop.example.com; required without rules.",
            examples=["shop.example.com"],
        ),
    ] = ""
    service_port: PortNumber = None
    path: Annotated[str, msgspec.Meta(description="The path that requests begin with.")] = "/"
    path_type: PathType = "Prefix"
    tls_hosts: Annotated[
        str | tuple[str, ...],
        msgspec.Meta(description="Hosts of the certificate, comma-separated or a list; those of the rules by default."),
    ] = ()
    tls_secret_name: Annotated[str, msgspec.Meta(description="The Secret with the certificate; turns TLS on.")] = ""
    ingress_class_name: Annotated[
        str, msgspec.Meta(description="The IngressClass that serves it; the cluster's default when it is left out.")
    ] = ""
    annotations: Annotated[
        dict[str, str], msgspec.Meta(description="Annotations of the Ingress, which ingress controllers read.")
    ] = {}
    rules: Annotated[
        tuple[HostRule, ...], msgspec.Meta(description="Further hosts and paths, beside hostname and path.")
    ] = ()

    def hosts(self) -> Iterator[tuple[str, HostRule]]:
        """All rules with their JSON paths; the short form is the first."""
        if self.hostname:
            only = HttpPath(path=self.path, path_type=self.path_type, service_port=self.service_port)
            yield "$", HostRule(hostname=self.hostname, paths=(only,))
        for index, rule in enumerate(self.rules):
            yield f"$.rules[{index}]", rule

    def certificate_hosts(self) -> list[str]:
        """The hosts that the certificate is for."""
        given = self.tls_hosts.split(",") if isinstance(self.tls_hosts, str) else self.tls_hosts
        named = [host.strip() for host in given if host.strip()]
        return named or list(dict.fromkeys(rule.hostname for _, rule in self.hosts() if rule.hostname))


class Ingress(Trait[Properties]):
    """Makes a Server reachable from outside the cluster under a host name."""

    name = "ingress"
    aliases = ("Ingress",)
    properties = Properties
    renamed_properties: ClassVar[Mapping[str, str]] = {
        "service_port": "servicePort",
        "tls_hosts": "tlsHosts",
        "tls_secret_name": "tlsSecretName",
        "path_type": "pathType",
        "ingress_class_name": "ingressClassName",
    }
    applies_to = ("core.oam.dev/v1alpha1.Server", "core.oam.dev/v1alpha1.SingletonServer")
    requires = frozenset({"service"})
    produces = (kinds.INGRESS,)

    def render(self, ctx: TraitContext[Properties]) -> Rendered:
        """One Ingress in front of the instance's Service."""
        given = ctx.properties
        problems = list(_problems(ctx))
        if problems:
            raise InvalidProperties(*problems)
        spec: dict[str, Any] = {"rules": [_rule(ctx, rule) for _, rule in given.hosts()]}
        if given.ingress_class_name:
            spec["ingressClassName"] = given.ingress_class_name
        if given.tls_secret_name:
            spec["tls"] = [{"hosts": given.certificate_hosts(), "secretName": given.tls_secret_name}]
        manifest = Manifest(
            kind=kinds.INGRESS,
            name=ctx.name("trait-ingress"),
            body={"spec": spec},
            labels=labels.trait(ctx),
            annotations=given.annotations,
        )
        unused = (
            ("tlsHosts has no effect without tlsSecretName",) if given.tls_hosts and not given.tls_secret_name else ()
        )
        return Rendered(add=(manifest,), warnings=unused)

    def health(self, ctx: TraitContext[Properties]) -> Health:
        """As by default, and the hosts beside it."""
        found = super().health(ctx)
        hosts = ", ".join(rule.hostname or "*" for _, rule in ctx.properties.hosts())
        return Health(found.state, found.reason, found.message, {**found.show, "hosts": hosts})


def _problems(ctx: TraitContext[Properties]) -> Iterator[Problem]:
    rules = list(ctx.properties.hosts())
    if not rules:
        yield Problem(
            "hostname is missing: say which host the ingress answers for, such as shop.example.com", path="$.hostname"
        )
        # the rest of the short form is still worth checking
        only = HttpPath(path=ctx.properties.path, service_port=ctx.properties.service_port)
        rules = [("$", HostRule(paths=(only,)))]
    for base, rule in rules:
        if rule.hostname and not _HOST.fullmatch(rule.hostname):
            yield Problem(
                f'"{rule.hostname}" is no host name: lower-case, no scheme, no port, no path', path=f"{base}.hostname"
            )
        for index, path in enumerate(rule.paths):
            where = base if base == "$" else f"{base}.paths[{index}]"
            if not path.path.startswith("/"):
                yield Problem(f'path "{path.path}" must begin with /', path=f"{where}.path")
            message = _port_problem(ctx, path)
            if message:
                yield Problem(message, path=f"{where}.servicePort")


def _port_problem(ctx: TraitContext[Properties], path: HttpPath) -> str:
    ports = _ports(ctx)
    known = ", ".join(f"{number} ({name})" if name else str(number) for number, name in ports.items())
    if not ports:
        return "the component declares no TCP port, so there is no Service to lead to; add a port to a container"
    if path.service_port is None:
        return (
            f"servicePort is missing, and the component has several ports; name one of {known}"
            if len(ports) > 1
            else ""
        )
    if path.service_port not in ports:
        return f"servicePort {path.service_port} is no port of the component, which has {known}"
    return ""


def _ports(ctx: TraitContext[Properties]) -> dict[int, str]:
    return {port.container_port: port.name for port in reversed(ctx.ports) if port.protocol == "TCP"}


def _rule(ctx: TraitContext[Properties], rule: HostRule) -> dict[str, Any]:
    host = {"host": rule.hostname} if rule.hostname else {}
    return {**host, "http": {"paths": [_path(ctx, path) for path in rule.paths]}}


def _path(ctx: TraitContext[Properties], path: HttpPath) -> dict[str, Any]:
    number = path.service_port or next(iter(_ports(ctx)))
    backend = {"service": {"name": ctx.instance, "port": {"number": number}}}
    return {"path": path.path, "pathType": path.path_type, "backend": backend}

"""ingress: routes from outside the cluster to the Service of the instance, as networking.k8s.io/v1."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from rudr_py.api import (
    Health,
    Manifest,
    Problem,
    Rendered,
    Trait,
    TraitContext,
    get_in,
    mappings_in,
    reject,
    service_ports,
)
from rudr_py.builtin import kinds, labels

PathType = Annotated[
    Literal["Prefix", "Exact", "ImplementationSpecific"],
    msgspec.Meta(description="How the path is compared with the path of a request."),
]
PortNumber = Annotated[
    Annotated[int, msgspec.Meta(ge=1, le=65535)] | None,
    msgspec.Meta(description="The port of the component; required only if it has several."),
]

_CLASS_ANNOTATION = "kubernetes.io/ingress.class"
"""The annotation that names the class of an ingress controller, before spec.ingressClassName existed."""

_HOST = re.compile(r"(?=.{1,253}$)(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


EDIT_IN_PLACE: Final = "acme.cert-manager.io/http01-edit-in-place"
"""The annotation that makes cert-manager add the path of its challenge to the Ingress itself."""

IGNORE: Final = "rudr.oam.dev/ignore-differences"
"""The annotation of an application with the fields that are left to other managers."""


class HttpPath(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A path of a host, and the port that it routes to."""

    path: Annotated[str, msgspec.Meta(description="The path of requests.")] = "/"
    path_type: PathType = "Prefix"
    service_port: PortNumber = None


class HostRule(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A host with its paths."""

    hostname: Annotated[str, msgspec.Meta(description="The host name; all hosts if omitted.")] = ""
    paths: Annotated[tuple[HttpPath, ...], msgspec.Meta(min_length=1)] = (HttpPath(),)


class IngressProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """Hosts, paths and TLS."""

    hostname: Annotated[
        str,
        msgspec.Meta(
            description="The host name, such as shop.example.com; required without rules.",
            examples=["shop.example.com"],
        ),
    ] = ""
    service_port: PortNumber = None
    path: Annotated[str, msgspec.Meta(description="The path of requests.")] = "/"
    path_type: PathType = "Prefix"
    tls_hosts: Annotated[
        str | tuple[str, ...],
        msgspec.Meta(description="Hosts of the certificate, comma-separated or a list; those of the rules by default."),
    ] = ()
    tls_secret_name: Annotated[str, msgspec.Meta(description="The Secret with the certificate; turns TLS on.")] = ""
    ingress_class_name: Annotated[
        str, msgspec.Meta(description="The IngressClass; the default of the cluster if omitted.")
    ] = ""
    annotations: Annotated[
        dict[str, str], msgspec.Meta(description="Annotations of the Ingress, which ingress controllers read.")
    ] = {}
    rules: Annotated[tuple[HostRule, ...], msgspec.Meta(description="Further hosts and paths.")] = ()

    def hosts(self) -> Iterator[tuple[str, HostRule]]:
        """All rules with their JSON paths; the short form is the first."""
        if self.hostname:
            only = HttpPath(path=self.path, path_type=self.path_type, service_port=self.service_port)
            yield "$", HostRule(hostname=self.hostname, paths=(only,))
        for index, rule in enumerate(self.rules):
            yield f"$.rules[{index}]", rule

    def certificate_hosts(self) -> list[str]:
        """The hosts that the certificate is for."""
        hosts = self.tls_hosts.split(",") if isinstance(self.tls_hosts, str) else self.tls_hosts
        names = [host.strip() for host in hosts if host.strip()]
        return names or list(dict.fromkeys(rule.hostname for _, rule in self.hosts() if rule.hostname))


class Ingress(Trait[IngressProperties]):
    """Makes a Server reachable from outside the cluster under a host name."""

    name = "ingress"
    aliases = ("Ingress",)
    properties = IngressProperties
    renamed_properties: ClassVar[Mapping[str, str]] = {
        "service_port": "servicePort",
        "tls_hosts": "tlsHosts",
        "tls_secret_name": "tlsSecretName",
        "path_type": "pathType",
        "ingress_class_name": "ingressClassName",
    }
    applies_to = ("core.oam.dev/v1alpha1.Server", "core.oam.dev/v1alpha1.SingletonServer")
    requires = frozenset({"service"})
    exposes = True
    produces = (kinds.INGRESS,)
    observes_cluster = (kinds.INGRESS_CLASS,)

    def render(self, ctx: TraitContext[IngressProperties]) -> Rendered:
        """One Ingress for the instance's Service."""
        properties = ctx.properties
        problems = list(_problems(ctx))
        reject(problems)
        spec: dict[str, Any] = {"rules": [_rule(ctx, rule) for _, rule in properties.hosts()]}
        if properties.ingress_class_name:
            spec["ingressClassName"] = properties.ingress_class_name
        if properties.tls_secret_name:
            spec["tls"] = [{"hosts": properties.certificate_hosts(), "secretName": properties.tls_secret_name}]
        manifest = Manifest(
            kind=kinds.INGRESS,
            name=ctx.name("trait-ingress"),
            body={"spec": spec},
            labels=labels.trait(ctx),
            annotations=properties.annotations,
        )
        unused = (
            ("tlsHosts has no effect without tlsSecretName",)
            if properties.tls_hosts and not properties.tls_secret_name
            else ()
        )
        return Rendered(add=(manifest,), warnings=(*unused, *_edited_in_place(ctx, manifest)))

    def health(self, ctx: TraitContext[IngressProperties]) -> Health:
        """The default health, whether a controller serves the Ingress, and the hosts."""
        health = super().health(ctx)
        if health.ok:
            health = _class_problem(ctx) or health
        hosts = ", ".join(rule.hostname or "*" for _, rule in ctx.properties.hosts())
        return Health(health.state, health.reason, health.message, {**health.show, "hosts": hosts})


def _class_problem(ctx: TraitContext[IngressProperties]) -> Health | None:
    """The reason why no ingress controller serves the Ingress; None if one may.

    The API server writes the default class, if there is one, to a new Ingress that names none.
    """
    for ref in (manifest.ref for manifest in ctx.manifests):
        live = ctx.live(ref)
        if mappings_in(live, "status", "loadBalancer", "ingress") or _CLASS_ANNOTATION in get_in(
            live, "metadata", "annotations", default={}
        ):
            continue
        named = get_in(live, "spec", "ingressClassName", default="")
        classes = ctx.cluster_objects(kinds.INGRESS_CLASS)
        names = [get_in(document, "metadata", "name", default="") for document in classes or ()]
        hint = f"choose one of {', '.join(names)}" if names else "install an ingress controller, and name its class"
        if not named:
            message = f"{ref}: it names no IngressClass, and the cluster had no default; set ingressClassName: {hint}"
            return Health("progressing", "NoIngressClass", message)
        if classes is not None and named not in names:
            return Health(
                "progressing", "IngressClassNotFound", f'{ref}: the IngressClass "{named}" does not exist: {hint}'
            )
    return None


def _edited_in_place(ctx: TraitContext[IngressProperties], manifest: Manifest) -> Iterator[str]:
    """The rule without which cert-manager and the controller revert each other's paths."""
    is_ignored = any(pointer[:2] == ("spec", "rules") for pointer in ctx.ignored(manifest.ref))
    if ctx.properties.annotations.get(EDIT_IN_PLACE) != "true" or is_ignored:
        return
    yield (
        f"with the annotation {EDIT_IN_PLACE}, cert-manager adds paths to the Ingress, which are removed again; "
        f"annotate the application with {IGNORE}, and in it: {{kind: Ingress, name: {manifest.name}, "
        "jsonPointers: [/spec/rules/0/http/paths]}, or remove the annotation"
    )


def _problems(ctx: TraitContext[IngressProperties]) -> Iterator[Problem]:
    rules = list(ctx.properties.hosts())
    if not rules:
        yield Problem(
            "hostname is missing: set the host name of the ingress, such as shop.example.com", path="$.hostname"
        )
        # check the rest of the short form, too
        only = HttpPath(path=ctx.properties.path, service_port=ctx.properties.service_port)
        rules = [("$", HostRule(paths=(only,)))]
    for base, rule in rules:
        if rule.hostname and not _HOST.fullmatch(rule.hostname):
            yield Problem(
                f'"{rule.hostname}" is not a host name: use lower case, without scheme, port and path',
                path=f"{base}.hostname",
            )
        for index, path in enumerate(rule.paths):
            where = base if base == "$" else f"{base}.paths[{index}]"
            if not path.path.startswith("/"):
                yield Problem(f'path "{path.path}" must start with /', path=f"{where}.path")
            message = service_ports.problem(ctx, path.service_port)
            if message:
                yield Problem(message, path=f"{where}.servicePort")


def _rule(ctx: TraitContext[IngressProperties], rule: HostRule) -> dict[str, Any]:
    paths = []
    for path in rule.paths:
        number = path.service_port or service_ports.only_port(ctx)
        backend = {"service": {"name": ctx.instance, "port": {"number": number}}}
        paths.append({"path": path.path, "pathType": path.path_type, "backend": backend})
    return {**({"host": rule.hostname} if rule.hostname else {}), "http": {"paths": paths}}

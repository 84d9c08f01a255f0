"""One document of each old shape, and the same document in today's spelling.

The texts are our own; each shape is that of a row of `rudr_py.model.shapes.table`.
"""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field

from tests.conformance import oam

TODAY = "core.oam.dev/v1alpha1"
HYDRA = "core.hydra.io/v1alpha1"

COMPONENT = oam.component(
    "Server", "parameters: [{name: text, type: string}, {name: other, type: string}]" + oam.WEB
).replace("name: web}", "name: web}", 1)
"""A component for applications, with two parameters."""


@dataclass(frozen=True)
class OldShape:
    """Documents in an old shape, and in today's. `beside` are further documents that rendering needs."""

    old: str
    today: str
    beside: str = field(default="")


def _envelope(kind: str, spec: str, metadata: str, api_version: str) -> str:
    head = f"apiVersion: {api_version}\nkind: {kind}\nmetadata: {metadata}\nspec:\n"
    return head + textwrap.indent(textwrap.dedent(spec).strip(), "  ") + "\n"


def _pair(
    kind: str, old: str, today: str, *, metadata: str = "{name: sample}", beside: str = "", group: str = TODAY
) -> OldShape:
    return OldShape(_envelope(kind, old, metadata, group), _envelope(kind, today, metadata, TODAY), beside)


def _application(old: str, today: str, *, group: str = TODAY) -> OldShape:
    return _pair("ApplicationConfiguration", old, today, metadata="{name: shop}", beside=COMPONENT, group=group)


def _binding(old: str, today: str) -> OldShape:
    return _application(_component(old), _component(today))


def _component(fields: str) -> str:
    return "components:\n- " + textwrap.indent(textwrap.dedent(fields).strip(), "  ").lstrip()


def _trait(old: str, today: str) -> OldShape:
    return _binding(*(_traits(trait) for trait in (old, today)))


def _traits(trait: str) -> str:
    inner = textwrap.indent(textwrap.dedent(trait).strip(), "  ").lstrip()
    return f"componentName: web\ninstanceName: front\ntraits:\n- {inner}"


def _scope(old: str, today: str, *, group: str = TODAY) -> OldShape:
    specs = [
        "scopes:\n- " + textwrap.indent(textwrap.dedent(scope).strip(), "  ").lstrip() + "\ncomponents: []"
        for scope in (old, today)
    ]
    return _application(*specs, group=group)


def _schematic(old: str, today: str, *, group: str = TODAY) -> OldShape:
    return _pair("ComponentSchematic", old, today, metadata="{name: web}", beside=oam.instance(), group=group)


def _spec(old: str, today: str, tail: str = oam.WEB) -> OldShape:
    full = f"workloadType: {TODAY}.Server\n"
    return _schematic(f"{full}{old}\n{tail.strip()}", f"{full}{today}\n{tail.strip()}")


def _container(old: str, today: str, *, image: str = "image: example/web:1") -> OldShape:
    ports = "ports: [{name: http, containerPort: 80}]"
    specs = []
    for fields in (old, today):
        own = textwrap.dedent(fields).strip()
        lines = ["name: main"]
        lines += [] if "image:" in own else [image]
        lines += [] if "ports:" in own else [ports]
        inner = textwrap.indent("\n".join([*lines, own]), "  ").lstrip()
        specs.append(
            f"workloadType: {TODAY}.Server\nparameters: [{{name: text, type: string}}]\ncontainers:\n- {inner}"
        )
    return _schematic(*specs)


DIGEST = "sha256:" + "0" * 64
INSTANCE = "- {componentName: web, instanceName: front}"
WORKLOAD_TYPE = "group: cache.example.org\nversion: v1\nnames: {kind: Redis, singular: redis, plural: redises}\n"
SCHEMA = '{"type": "object", "required": ["region"], "properties": {"region": {"type": "string"}, "size": {}}}'

OLD_SHAPES: dict[str, OldShape] = {
    "hydra-group": _application(f"components:\n{INSTANCE}", f"components:\n{INSTANCE}", group=HYDRA),
    "scope-configuration": OldShape(
        _envelope(
            "AppScopeConfiguration",
            f"appScopeType: {HYDRA}.HealthScope\nproperties:\n- {{name: probe-method, value: tcp}}\n"
            "- {name: probe-endpoint, value: ''}",
            "{name: healthy}",
            HYDRA,
        ),
        _envelope(
            "ApplicationConfiguration",
            f"scopes:\n- name: healthy\n  type: {TODAY}.HealthScope\n  properties:\n"
            "  - {name: probe-method, value: tcp}\n  - {name: probe-endpoint, value: ''}",
            "{name: healthy}",
            TODAY,
        ),
    ),
    "hydra-kind": OldShape(
        _envelope("OperationalConfiguration", f"components:\n{INSTANCE}", "{name: shop}", HYDRA),
        _envelope("ApplicationConfiguration", f"components:\n{INSTANCE}", "{name: shop}", TODAY),
        COMPONENT,
    ),
    "metadata-texts": OldShape(
        _envelope(
            "ApplicationConfiguration",
            f"components:\n{INSTANCE}",
            "\n  name: shop\n  version: 1.0.0\n  description: A shop",
            HYDRA,
        ),
        _envelope(
            "ApplicationConfiguration",
            f"components:\n{INSTANCE}",
            "\n  name: shop\n  annotations:\n    version: 1.0.0\n    description: A shop",
            TODAY,
        ),
        COMPONENT,
    ),
    "single-component": OldShape(
        _envelope(
            "Configuration",
            "component: web\nparameterValues:\n- {name: text, value: a}\ntraits:\n- {name: empty}",
            "{name: shop}",
            HYDRA,
        ),
        _envelope(
            "ApplicationConfiguration",
            "components:\n- componentName: web\n  instanceName: web\n  parameterValues:\n  - {name: text, value: a}\n"
            "  traits:\n  - {name: empty}",
            "{name: shop}",
            TODAY,
        ),
        COMPONENT,
    ),
    "components-map": OldShape(
        _envelope("Configuration", "components: {name: web, instanceName: front}", "{name: shop}", HYDRA),
        _envelope(
            "ApplicationConfiguration", "components: [{componentName: web, instanceName: front}]", "{name: shop}", TODAY
        ),
        COMPONENT,
    ),
    "top-level-parameters": OldShape(
        _envelope(
            "OperationalConfiguration",
            "parameters:\n- {name: greeting, value: hello}\ncomponents:\n- name: web\n  instanceName: front\n"
            "  parameterValues:\n  - name: text\n    fromParam: greeting  # for all",
            "{name: shop}",
            HYDRA,
        ),
        _envelope(
            "ApplicationConfiguration",
            "variables:\n- {name: greeting, value: hello}\ncomponents:\n- componentName: web\n  instanceName: front\n"
            '  parameterValues:\n  - name: text\n    value: "[fromVariable(greeting)]"',
            "{name: shop}",
            TODAY,
        ),
        COMPONENT,
    ),
    "scope-type": _scope(
        f"name: {TODAY}.HealthScope\nproperties: {{probe-method: tcp, probe-endpoint: ''}}",
        f"name: health-scope\ntype: {TODAY}.HealthScope\nproperties: {{probe-method: tcp, probe-endpoint: ''}}",
    ),
    "scope-parameter-values": _scope(
        f"name: a\ntype: {TODAY}.HealthScope\nparameterValues:\n- {{name: probe-method, value: tcp}}\n"
        "- {name: probe-endpoint, value: ''}",
        f"name: a\ntype: {TODAY}.HealthScope\nproperties:\n- {{name: probe-method, value: tcp}}\n"
        "- {name: probe-endpoint, value: ''}",
    ),
    "scope-group": _scope(
        f"name: a\ntype: {HYDRA}.HealthScope\nproperties: {{probe-method: tcp, probe-endpoint: ''}}",
        f"name: a\ntype: {TODAY}.HealthScope\nproperties: {{probe-method: tcp, probe-endpoint: ''}}",
        group=HYDRA,
    ),
    "component-name": _binding("name: web\ninstanceName: front", "componentName: web\ninstanceName: front"),
    "instance-name": OldShape(
        _envelope("Configuration", "components:\n- name: web", "{name: shop}", HYDRA),
        _envelope(
            "ApplicationConfiguration", "components:\n- componentName: web\n  instanceName: web", "{name: shop}", TODAY
        ),
        COMPONENT,
    ),
    "parameter-values-map": _binding(
        "componentName: web\ninstanceName: front\nparameterValues: {text: a, other: b}",
        "componentName: web\ninstanceName: front\nparameterValues: [{name: text, value: a}, {name: other, value: b}]",
    ),
    "trait-type": _trait(
        f"name: my-app-ingress\ntype: {TODAY}.Ingress\nproperties: {{hostname: a.example.com}}",
        "name: ingress\nproperties: {hostname: a.example.com}",
    ),
    "trait-name": _trait(
        "name: ingress.core.oam.dev/v1alpha1\nproperties: {hostname: a.example.com}",
        "name: ingress\nproperties: {hostname: a.example.com}",
    ),
    "trait-parameter-values": _trait(
        """
        name: ingress
        # where it is reachable
        parameterValues:
        - name: hostname  # the host
          value: a.example.com
        # the path below it
        - name: path
          value: /a
        """,
        "name: ingress\nproperties:\n  hostname: a.example.com\n  path: /a",
    ),
    "trait-properties-list": _trait(
        "name: manual-scaler\nproperties: [{name: replicaCount, value: 3}]",
        "name: manual-scaler\nproperties: {replicaCount: 3}",
    ),
    "trait-properties-beside": _trait(
        "name: ingress\nproperties:\nhostname: a.example.com\npath: /a",
        "name: ingress\nproperties:\n  hostname: a.example.com\n  path: /a",
    ),
    "trait-simple-value": _trait(
        "name: manual-scaler\nproperties: 3", "name: manual-scaler\nproperties: {replicaCount: 3}"
    ),
    "trait-property-names": _trait(
        "name: ingress\nproperties: {hostname: a.example.com, service_port: 80, tls_hosts: a.example.com, "
        "tls_secret_name: tls}",
        "name: ingress\nproperties: {hostname: a.example.com, servicePort: 80, tlsHosts: a.example.com, "
        "tlsSecretName: tls}",
    ),
    "workload-kind": _schematic(f"workloadType: Server{oam.WEB}", f"workloadType: {TODAY}.Server{oam.WEB}"),
    "workload-group": _schematic(
        f"workloadType: core.oam.dev/v1.SingletonServer{oam.WEB}", f"workloadType: {TODAY}.SingletonServer{oam.WEB}"
    ),
    "os": _spec("os: linux", "osType: linux"),
    "spec-name": _spec("name: web", ""),
    "settings-map": _spec(
        "workloadSettings:\n  region: eu  # near us\n  engine: {fromParam: text}\n  size: 3\nparameters: "
        "[{name: text, type: string}]",
        "workloadSettings:\n- {name: region, value: eu}\n- {name: engine, fromParam: text}\n"
        "- {name: size, type: number, value: 3}\nparameters: [{name: text, type: string}]",
    ),
    "parameter-default": _spec(
        "parameters: [{name: text, type: string, value: a}]", "parameters: [{name: text, type: string, default: a}]"
    ),
    "parameter-type": _spec(
        "parameters: [{name: count, type: int, default: 5}, {name: b, type: bool}, {name: l, type: list}]",
        "parameters: [{name: count, type: number, default: 5}, {name: b, type: boolean}, {name: l, type: array}]",
    ),
    "parameter-required": _spec(
        'parameters: [{name: count, type: number, required: "false"}]',
        "parameters: [{name: count, type: number, required: false}]",
    ),
    "image": _container(
        f"image:\n  name: example/web:1\n  digest: {DIGEST}  # from the registry", f"image: example/web:1@{DIGEST}"
    ),
    "port-number": _container("ports: [{name: http, value: 80}]", "ports: [{name: http, containerPort: 80}]"),
    "port-protocol": _container(
        "ports: [{name: http, containerPort: 80, type: tcp}]", "ports: [{name: http, containerPort: 80, protocol: TCP}]"
    ),
    "config-path": _container("config: [{name: /etc/a.txt, value: a}]", "config: [{path: /etc/a.txt, value: a}]"),
    "env-from-value": _container("env: [{name: A, fromValue: text}]", "env: [{name: A, fromParam: text}]"),
    "amounts": _container(
        "resources: {cpu: 1, memory: 200MB}", "resources: {cpu: {required: 1}, memory: {required: 200MB}}"
    ),
    "cpu-text": _container('resources: {cpu: {required: "0.5"}}', "resources: {cpu: {required: 0.5}}"),
    "ephemeral": _container(
        'resources: {volumes: [{name: v, mountPath: /v, disk: {required: 5M, ephemeral: "y"}}]}',
        "resources: {volumes: [{name: v, mountPath: /v, disk: {required: 5M, ephemeral: true}}]}",
    ),
    "trait-object-name": OldShape(
        _envelope("Trait", "appliesTo: ['*']", "{name: ManualScaler}", TODAY),
        _envelope("Trait", "appliesTo: ['*']", "{name: manual-scaler}", TODAY),
    ),
    "applies-to": _pair(
        "Trait", f"appliesTo: [{HYDRA}.ReplicatedService, '*']", f"appliesTo: [{TODAY}.Server, '*']", group=HYDRA
    ),
    "trait-parameters": _pair(
        "Trait",
        "parameters:\n- {name: size, type: integer, required: true}",
        "properties: {type: object, properties: {size: {type: integer}}, required: [size]}",
    ),
    "trait-extras": _pair(
        "Trait",
        "group: core.oam.dev\nversion: v1alpha1\nnames: {kind: ManualScaler}\nappliesTo: ['*']",
        "appliesTo: ['*']",
    ),
    "trait-property-type": _pair(
        "Trait",
        "properties:\n- {name: size, type: int}",
        "properties: {type: object, properties: {size: {type: integer}}}",
    ),
    "trait-property-required": _pair(
        "Trait",
        'properties:\n- {name: size, type: number, required: "y"}',
        "properties: {type: object, properties: {size: {type: number}}, required: [size]}",
    ),
    "trait-schema": _pair(
        "Trait",
        "properties:\n- {name: size, type: double}",
        "properties: {type: object, properties: {size: {type: number}}}",
    ),
    "nested-required": _pair(
        "Trait",
        "properties: {type: object, properties: {size: {type: integer}, required: [size]}}",
        "properties: {type: object, properties: {size: {type: integer}}, required: [size]}",
    ),
    "type-settings": _pair(
        "WorkloadType",
        f"{WORKLOAD_TYPE}workloadSettings:\n- {{name: region}}",
        f"{WORKLOAD_TYPE}settings:\n- {{name: region}}",
    ),
    "settings-schema": _pair(
        "WorkloadType",
        f"{WORKLOAD_TYPE}settings: |\n  {SCHEMA}",
        f"{WORKLOAD_TYPE}settings:\n- {{name: region, type: string, required: true}}\n- {{name: size, type: any}}",
    ),
    "scope-definition-group": _pair("ApplicationScope", f"type: {HYDRA}.Health", f"type: {TODAY}.Health", group=HYDRA),
    "scope-properties": _pair(
        "ApplicationScope",
        f"type: {TODAY}.Network\nproperties: [{{name: id, type: string}}]",
        f"type: {TODAY}.Network\nparameters: [{{name: id, type: string}}]",
    ),
    "scope-overlap": _pair(
        "ApplicationScope",
        f'type: {TODAY}.Network\nallowComponentOverlap: "true"',
        f"type: {TODAY}.Network\nallowComponentOverlap: true",
    ),
    "scope-parameter-type": _pair(
        "ApplicationScope",
        f"type: {TODAY}.Network\nparameters: [{{name: id, type: int}}]",
        f"type: {TODAY}.Network\nparameters: [{{name: id, type: integer}}]",
    ),
    "scope-parameter-required": _pair(
        "ApplicationScope",
        f'type: {TODAY}.Network\nparameters: [{{name: id, type: string, required: "Y"}}]',
        f"type: {TODAY}.Network\nparameters: [{{name: id, type: string, required: true}}]",
    ),
}
"""By the ID of the row."""

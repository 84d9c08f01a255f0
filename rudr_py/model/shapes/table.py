"""The table of old shapes: every published spelling that differs from today's, with the release that it belongs to.

`parse` reads the shapes of the table, `rudr convert` rewrites them, and docs/published-shapes.md prints it. The order
matters: a function sees the result of those before it, and shapes at one place are next to each other.
"""

from __future__ import annotations

from typing import Final

from rudr_py.model.shapes import application, component, definition, hydra, values
from rudr_py.model.shapes.shape import Reading, Rewrite, Shape

HYDRA: Final = "Hydra, Scylla 0.8.0"
ALPHA: Final = "Rudr v1.0.0-alpha.1"
DRAFT: Final = "drafts of the specification"
SPEC: Final = "examples of the specification v0.1.0"
LATER: Final = "Rudr after v1.0.0-alpha.1"
SDK: Final = "oam-go-sdk"
ANY: Final = "several"

RELEASES: Final = (HYDRA, DRAFT, ALPHA, SPEC, LATER, SDK, ANY)
"""The releases in the order in which the documentation lists them."""

_APPLICATION: Final = ("ApplicationConfiguration",)
_COMPONENT: Final = ("ComponentSchematic",)
_TRAIT: Final = ("Trait",)
_SCOPE: Final = ("ApplicationScope",)
_WORKLOAD: Final = ("WorkloadType",)


def _shape(
    kinds: tuple[str, ...],
    where: str,
    row: tuple[str, str, str, str],
    rewrite: Rewrite,
    reading: Reading = "read",
    *,
    parsed: bool = False,
) -> Shape:
    """A row; `row` is its ID, release, old shape and today's."""
    name, release, old, today = row
    return Shape(
        id=name,
        release=release,
        kinds=kinds,
        where=where,
        old=old,
        today=today,
        rewrite=rewrite,
        reading=reading,
        parsed=parsed,
    )


_ENVELOPE: Final = (
    _shape(
        (),
        "",
        ("hydra-group", HYDRA, "`apiVersion: core.hydra.io/v1alpha1`", "`apiVersion: core.oam.dev/v1alpha1`"),
        hydra.api_version,
        "refused",
    ),
    _shape(
        (),
        "",
        ("scope-configuration", HYDRA, "`kind: AppScopeConfiguration`", "`scopes` of an ApplicationConfiguration"),
        hydra.scope_configuration,
        "refused",
    ),
    _shape(
        (),
        "",
        (
            "hydra-kind",
            HYDRA,
            "`kind: OperationalConfiguration`, `Configuration` or `Component`",
            "`kind: ApplicationConfiguration` or `ComponentSchematic`",
        ),
        hydra.kind,
        "refused",
    ),
    _shape(
        (),
        "metadata",
        ("metadata-texts", HYDRA, "`version` and `description`", "the same keys in `annotations`"),
        hydra.metadata_texts,
        "refused",
    ),
)

_OF_APPLICATIONS: Final = (
    _shape(
        _APPLICATION,
        "spec",
        ("single-component", HYDRA, "`component`, `parameterValues` and `traits`", "an entry of `components`"),
        application.single_component,
        "refused",
    ),
    _shape(
        _APPLICATION,
        "spec.scopes[]",
        ("scope-type", DRAFT, "the type as `name`", "`type`, and a `name` that is free"),
        application.scope_type,
    ),
    _shape(
        _APPLICATION,
        "spec.scopes[]",
        ("scope-parameter-values", DRAFT, "`parameterValues`", "`properties`"),
        application.scope_parameter_values,
    ),
    _shape(
        _APPLICATION,
        "spec.scopes[]",
        ("scope-group", HYDRA, "`type: core.hydra.io/v1alpha1.HealthScope`", "the same in `core.oam.dev`"),
        application.scope_type_group,
        "refused",
    ),
    _shape(
        _APPLICATION,
        "spec.components[]",
        ("component-name", ALPHA, "`name`", "`componentName`"),
        application.component_name,
    ),
    _shape(
        _APPLICATION,
        "spec.components[]",
        ("instance-name", HYDRA, "no `instanceName`", "`instanceName`, the name of the component"),
        application.instance_name,
        "refused",
    ),
    _shape(
        _APPLICATION,
        "spec.components[]",
        ("parameter-values-map", LATER, "`parameterValues` as a map", "a list of `name` and `value`"),
        application.parameter_values,
        parsed=True,
    ),
    _shape(
        _APPLICATION,
        "spec.components[].traits[]",
        ("trait-type", DRAFT, "`type: core.oam.dev/v1alpha1.Ingress` beside any `name`", "`name: ingress`"),
        application.trait_type,
    ),
    _shape(
        _APPLICATION,
        "spec.components[].traits[]",
        (
            "trait-name",
            LATER,
            "`name: ingress.core.oam.dev/v1alpha1`, `core.oam.dev/v1alpha1.ManualScaler` or `volumeMounter`",
            "`name: ingress`, `manual-scaler` or `volume-mounter`",
        ),
        application.trait_name,
    ),
    _shape(
        _APPLICATION,
        "spec.components[].traits[]",
        ("trait-parameter-values", ALPHA, "`parameterValues`, a list or a map", "`properties`, a map"),
        application.trait_parameter_values,
        parsed=True,
    ),
    _shape(
        _APPLICATION,
        "spec.components[].traits[]",
        ("trait-properties-list", DRAFT, "`properties` as a list of `name` and `value`", "a map"),
        application.trait_properties_list,
        parsed=True,
    ),
    _shape(
        _APPLICATION,
        "spec.components[].traits[]",
        ("trait-properties-beside", LATER, "properties beside `name`", "below `properties`"),
        application.trait_properties_beside,
        parsed=True,
    ),
    _shape(
        _APPLICATION,
        "spec.components[].traits[]",
        (
            "trait-property-names",
            ALPHA,
            "`service_port`, `tls_hosts` and `tls_secret_name` of `ingress`",
            "`servicePort`, `tlsHosts` and `tlsSecretName`",
        ),
        application.trait_property_names,
        parsed=True,
    ),
)

_CONTAINER: Final = "spec.containers[]"

_OF_COMPONENTS: Final = (
    _shape(
        _COMPONENT,
        "spec",
        (
            "workload-kind",
            DRAFT,
            "`workloadType: Server`, or a kind of a draft such as `ReplicatedService`",
            "`workloadType: core.oam.dev/v1alpha1.Server`",
        ),
        component.workload_kind,
    ),
    _shape(
        _COMPONENT,
        "spec",
        (
            "workload-group",
            SPEC,
            "`workloadType: core.oam.dev/v1.SingletonServer`, or one of `core.hydra.io`",
            "`workloadType: core.oam.dev/v1alpha1.SingletonServer`",
        ),
        component.workload_group,
        "refused",
    ),
    _shape(_COMPONENT, "spec", ("os", SPEC, "`os`", "`osType`"), component.operating_system),
    _shape(
        _COMPONENT,
        "spec",
        ("spec-name", HYDRA, "`name`", "`metadata.name` alone"),
        component.spec_name,
        "ignored",
        parsed=True,
    ),
    _shape(
        _COMPONENT,
        "spec",
        ("settings-map", DRAFT, "`workloadSettings` as a map", "a list of `name` and `value`"),
        component.settings_map,
    ),
    _shape(
        _COMPONENT,
        "spec.parameters[]",
        ("parameter-default", SPEC, "`value`", "`default`"),
        values.parameter_default,
    ),
    _shape(
        _COMPONENT,
        "spec.parameters[]",
        (
            "parameter-type",
            SPEC,
            "`type: int`, `integer`, `float`, `numeric`, `bool`, `list` and the like",
            "`type: number`, `boolean`, `string`, `array` or `object`",
        ),
        values.parameter_type,
    ),
    _shape(
        _COMPONENT,
        "spec.parameters[]",
        ("parameter-required", ANY, '`required: "true"`', "`required: true`"),
        values.boolean_text("required"),
        parsed=True,
    ),
    _shape(
        _COMPONENT,
        _CONTAINER,
        (
            "image",
            SPEC,
            "`image: {name, digest}`, or `tag` beside `image`",
            "`image: name:tag@digest`",
        ),
        component.image,
    ),
    _shape(
        _COMPONENT,
        f"{_CONTAINER}.ports[]",
        ("port-number", SPEC, "`value` or `port`", "`containerPort`"),
        component.port_number,
    ),
    _shape(
        _COMPONENT,
        f"{_CONTAINER}.ports[]",
        ("port-protocol", HYDRA, "`type: tcp` or `protocol: tcp`", "`protocol: TCP`"),
        component.port_protocol,
    ),
    _shape(
        _COMPONENT,
        f"{_CONTAINER}.config[]",
        ("config-path", HYDRA, "`name`", "`path`"),
        component.config_path,
    ),
    _shape(
        _COMPONENT,
        f"{_CONTAINER}.env[]",
        ("env-from-value", SDK, "`fromValue`", "`fromParam`"),
        component.from_value,
    ),
    _shape(
        _COMPONENT,
        f"{_CONTAINER}.resources",
        ("amounts", SDK, "`cpu: 1`", "`cpu: {required: 1}`"),
        component.amounts,
    ),
    _shape(
        _COMPONENT,
        f"{_CONTAINER}.resources.cpu",
        ("cpu-text", ALPHA, '`required: "0.5"`', "`required: 0.5`"),
        component.cpu_text,
        parsed=True,
    ),
    _shape(
        _COMPONENT,
        f"{_CONTAINER}.resources.volumes[].disk",
        ("ephemeral", SPEC, '`ephemeral: "n"`', "`ephemeral: false`"),
        values.boolean_text("ephemeral"),
        parsed=True,
    ),
)

_OF_DEFINITIONS: Final = (
    _shape(
        _TRAIT,
        "metadata",
        ("trait-object-name", SPEC, "`name: ManualScaler`", "`name: manual-scaler`"),
        hydra.trait_object_name,
        "refused",
    ),
    _shape(
        _TRAIT,
        "spec",
        ("applies-to", HYDRA, "`appliesTo: [core.hydra.io/v1alpha1.Task]`", "the same in `core.oam.dev`"),
        definition.applies_to_group,
        "refused",
    ),
    _shape(
        _TRAIT,
        "spec",
        ("trait-parameters", HYDRA, "`parameters`", "`properties`"),
        definition.trait_parameters,
    ),
    _shape(
        _TRAIT,
        "spec",
        ("trait-extras", DRAFT, "`group`, `version`, `names`, `type` and `stage`", "nothing"),
        definition.trait_extras,
        "ignored",
        parsed=True,
    ),
    _shape(
        _TRAIT,
        "spec.properties[]",
        ("trait-property-type", ALPHA, "`type: int`", "`type: integer`"),
        values.scope_parameter_type,
    ),
    _shape(
        _TRAIT,
        "spec.properties[]",
        ("trait-property-required", ANY, '`required: "true"`', "`required: true`"),
        values.boolean_text("required"),
        parsed=True,
    ),
    _shape(
        _TRAIT,
        "spec",
        ("trait-schema", ALPHA, "`properties` as a list of names and types", "`properties` as a JSON Schema"),
        definition.trait_properties,
        parsed=True,
    ),
    _shape(
        _TRAIT,
        "spec.properties",
        ("nested-required", SPEC, "`required` among the properties of the schema", "`required` beside them"),
        definition.nested_required,
    ),
    _shape(
        _WORKLOAD,
        "spec",
        ("type-settings", DRAFT, "`workloadSettings`", "`settings`"),
        definition.workload_settings,
    ),
    _shape(
        _WORKLOAD,
        "spec",
        ("settings-schema", DRAFT, "`settings` as a JSON Schema", "a list of `name` and `type`"),
        definition.settings_schema,
    ),
    _shape(
        _SCOPE,
        "spec",
        ("scope-definition-group", HYDRA, "`type: core.hydra.io/v1alpha1.Health`", "the same in `core.oam.dev`"),
        definition.scope_type_group,
        "refused",
    ),
    _shape(
        _SCOPE,
        "spec",
        ("scope-properties", DRAFT, "`properties`", "`parameters`"),
        definition.scope_properties,
    ),
    _shape(
        _SCOPE,
        "spec",
        ("scope-overlap", ANY, '`allowComponentOverlap: "true"`', "`allowComponentOverlap: true`"),
        values.boolean_text("allowComponentOverlap"),
        parsed=True,
    ),
    _shape(
        _SCOPE,
        "spec.parameters[]",
        ("scope-parameter-type", ANY, "`type: int`", "`type: integer`"),
        values.scope_parameter_type,
    ),
    _shape(
        _SCOPE,
        "spec.parameters[]",
        ("scope-parameter-required", SPEC, '`required: "Y"`', "`required: true`"),
        values.boolean_text("required"),
        parsed=True,
    ),
)

SHAPES: Final = (*_ENVELOPE, *_OF_APPLICATIONS, *_OF_COMPONENTS, *_OF_DEFINITIONS)
"""Every row."""

"""The rows of the table for the envelope of a document, and for applications."""

from __future__ import annotations

from typing import Final

from rudr_py.model.shapes import application, hydra
from rudr_py.model.shapes.releases import ALPHA, DRAFT, HYDRA, LATER, SPEC, row

_KINDS: Final = ("ApplicationConfiguration",)

ENVELOPE: Final = (
    row(
        (),
        "",
        ("hydra-group", HYDRA, "`apiVersion: core.hydra.io/v1alpha1`", "`apiVersion: core.oam.dev/v1alpha1`"),
        hydra.api_version,
        "refused",
    ),
    row(
        (),
        "",
        ("scope-configuration", HYDRA, "`kind: AppScopeConfiguration`", "`scopes` of an ApplicationConfiguration"),
        hydra.scope_configuration,
        "refused",
    ),
    row(
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
    row(
        (),
        "metadata",
        ("metadata-texts", HYDRA, "`version` and `description`", "the same keys in `annotations`"),
        hydra.metadata_texts,
        "refused",
    ),
)

APPLICATIONS: Final = (
    row(
        _KINDS,
        "spec",
        ("single-component", HYDRA, "`component`, `parameterValues` and `traits`", "an entry of `components`"),
        application.single_component,
        "refused",
    ),
    row(
        _KINDS,
        "spec",
        ("components-map", HYDRA, "`components` as one map", "a list"),
        application.components_map,
        "refused",
    ),
    row(
        _KINDS,
        "spec",
        (
            "top-level-parameters",
            HYDRA,
            "`parameters`, and `fromParam` in values and properties",
            "`variables`, and `[fromVariable(x)]`",
        ),
        application.top_level_parameters,
        "refused",
    ),
    row(
        _KINDS,
        "spec.scopes[]",
        ("scope-type", DRAFT, "the type as `name`", "`type`, and a `name` that is free"),
        application.scope_type,
    ),
    row(
        _KINDS,
        "spec.scopes[]",
        ("scope-parameter-values", DRAFT, "`parameterValues`", "`properties`"),
        application.scope_parameter_values,
    ),
    row(
        _KINDS,
        "spec.scopes[]",
        ("scope-group", HYDRA, "`type: core.hydra.io/v1alpha1.HealthScope`", "the same in `core.oam.dev`"),
        application.scope_type_group,
        "refused",
    ),
    row(
        _KINDS,
        "spec.components[]",
        ("component-name", ALPHA, "`name`", "`componentName`"),
        application.component_name,
    ),
    row(
        _KINDS,
        "spec.components[]",
        ("instance-name", HYDRA, "no `instanceName`", "`instanceName`, the name of the component"),
        application.instance_name,
        "refused",
    ),
    row(
        _KINDS,
        "spec.components[]",
        ("parameter-values-map", LATER, "`parameterValues` as a map", "a list of `name` and `value`"),
        application.parameter_values,
        parsed=True,
    ),
    row(
        _KINDS,
        "spec.components[].traits[]",
        ("trait-type", DRAFT, "`type: core.oam.dev/v1alpha1.Ingress` beside any `name`", "`name: ingress`"),
        application.trait_type,
    ),
    row(
        _KINDS,
        "spec.components[].traits[]",
        (
            "trait-name",
            LATER,
            "`name: ingress.core.oam.dev/v1alpha1`, `core.oam.dev/v1alpha1.ManualScaler` or `volumeMounter`",
            "`name: ingress`, `manual-scaler` or `volume-mounter`",
        ),
        application.trait_name,
    ),
    row(
        _KINDS,
        "spec.components[].traits[]",
        ("trait-parameter-values", ALPHA, "`parameterValues`, a list or a map", "`properties`, a map"),
        application.trait_parameter_values,
        parsed=True,
    ),
    row(
        _KINDS,
        "spec.components[].traits[]",
        ("trait-properties-list", DRAFT, "`properties` as a list of `name` and `value`", "a map"),
        application.trait_properties_list,
        parsed=True,
    ),
    row(
        _KINDS,
        "spec.components[].traits[]",
        ("trait-properties-beside", LATER, "properties beside `name`", "below `properties`"),
        application.trait_properties_beside,
        parsed=True,
    ),
    row(
        _KINDS,
        "spec.components[].traits[]",
        (
            "trait-simple-value",
            SPEC,
            "`properties: 3`, if the trait has one property",
            "`properties: {replicaCount: 3}`",
        ),
        application.trait_simple_value,
        parsed=True,
    ),
    row(
        _KINDS,
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

"""The rows of the table for traits, workload types and scope types."""

from __future__ import annotations

from typing import Final

from rudr_py.model.shapes import definition, hydra, values
from rudr_py.model.shapes.releases import ALPHA, ANY, DRAFT, HYDRA, SPEC, row

_TRAIT: Final = ("Trait",)
_SCOPE: Final = ("ApplicationScope",)
_WORKLOAD: Final = ("WorkloadType",)

DEFINITIONS: Final = (
    row(
        _TRAIT,
        "metadata",
        ("trait-object-name", SPEC, "`name: ManualScaler`", "`name: manual-scaler`"),
        hydra.trait_object_name,
        "refused",
    ),
    row(
        _TRAIT,
        "spec",
        ("applies-to", HYDRA, "`appliesTo: [core.hydra.io/v1alpha1.Task]`", "the same in `core.oam.dev`"),
        definition.applies_to_group,
        "refused",
    ),
    row(
        _TRAIT,
        "spec",
        ("trait-parameters", HYDRA, "`parameters`", "`properties`"),
        definition.trait_parameters,
    ),
    row(
        _TRAIT,
        "spec",
        ("trait-extras", DRAFT, "`group`, `version`, `names`, `type` and `stage`", "nothing"),
        definition.trait_extras,
        "ignored",
        parsed=True,
    ),
    row(
        _TRAIT,
        "spec.properties[]",
        ("trait-property-type", ALPHA, "`type: int`", "`type: integer`"),
        values.scope_parameter_type,
    ),
    row(
        _TRAIT,
        "spec.properties[]",
        ("trait-property-required", ANY, '`required: "true"`', "`required: true`"),
        values.boolean_text("required"),
        parsed=True,
    ),
    row(
        _TRAIT,
        "spec",
        ("trait-schema", ALPHA, "`properties` as a list of names and types", "`properties` as a JSON Schema"),
        definition.trait_properties,
        parsed=True,
    ),
    row(
        _TRAIT,
        "spec.properties",
        ("nested-required", SPEC, "`required` among the properties of the schema", "`required` beside them"),
        definition.nested_required,
    ),
    row(
        _WORKLOAD,
        "spec",
        ("type-settings", DRAFT, "`workloadSettings`", "`settings`"),
        definition.workload_settings,
    ),
    row(
        _WORKLOAD,
        "spec",
        ("settings-schema", DRAFT, "`settings` as a JSON Schema", "a list of `name` and `type`"),
        definition.settings_schema,
    ),
    row(
        _SCOPE,
        "spec",
        ("scope-definition-group", HYDRA, "`type: core.hydra.io/v1alpha1.Health`", "the same in `core.oam.dev`"),
        definition.scope_type_group,
        "refused",
    ),
    row(
        _SCOPE,
        "spec",
        ("scope-properties", DRAFT, "`properties`", "`parameters`"),
        definition.scope_properties,
    ),
    row(
        _SCOPE,
        "spec",
        ("scope-overlap", ANY, '`allowComponentOverlap: "true"`', "`allowComponentOverlap: true`"),
        values.boolean_text("allowComponentOverlap"),
        parsed=True,
    ),
    row(
        _SCOPE,
        "spec.parameters[]",
        ("scope-parameter-type", ANY, "`type: int`", "`type: integer`"),
        values.scope_parameter_type,
    ),
    row(
        _SCOPE,
        "spec.parameters[]",
        ("scope-parameter-required", SPEC, '`required: "Y"`', "`required: true`"),
        values.boolean_text("required"),
        parsed=True,
    ),
)

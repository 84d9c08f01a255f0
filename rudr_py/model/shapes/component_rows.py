"""The rows of the table for components."""

from __future__ import annotations

from typing import Final

from rudr_py.model.shapes import component, values
from rudr_py.model.shapes.releases import ALPHA, ANY, DRAFT, HYDRA, SDK, SPEC, row

_KINDS: Final = ("ComponentSchematic",)
_CONTAINER: Final = "spec.containers[]"

COMPONENTS: Final = (
    row(
        _KINDS,
        "spec",
        (
            "workload-kind",
            DRAFT,
            "`workloadType: Server`, or a kind of a draft such as `ReplicatedService`",
            "`workloadType: core.oam.dev/v1alpha1.Server`",
        ),
        component.workload_kind,
    ),
    row(
        _KINDS,
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
    row(_KINDS, "spec", ("os", SPEC, "`os`", "`osType`"), component.operating_system),
    row(
        _KINDS,
        "spec",
        ("spec-name", HYDRA, "`name`", "`metadata.name` alone"),
        component.spec_name,
        "ignored",
        parsed=True,
    ),
    row(
        _KINDS,
        "spec",
        ("settings-map", DRAFT, "`workloadSettings` as a map", "a list of `name` and `value`"),
        component.settings_map,
    ),
    row(
        _KINDS,
        "spec.parameters[]",
        ("parameter-default", SPEC, "`value`", "`default`"),
        values.parameter_default,
    ),
    row(
        _KINDS,
        "spec.parameters[]",
        (
            "parameter-type",
            SPEC,
            "`type: int`, `integer`, `float`, `numeric`, `bool`, `list` and the like",
            "`type: number`, `boolean`, `string`, `array` or `object`",
        ),
        values.parameter_type,
    ),
    row(
        _KINDS,
        "spec.parameters[]",
        ("parameter-required", ANY, '`required: "true"`', "`required: true`"),
        values.boolean_text("required"),
        parsed=True,
    ),
    row(
        _KINDS,
        _CONTAINER,
        (
            "image",
            SPEC,
            "`image: {name, digest}`, or `tag` beside `image`",
            "`image: name:tag@digest`",
        ),
        component.image,
    ),
    row(
        _KINDS,
        f"{_CONTAINER}.ports[]",
        ("port-number", SPEC, "`value` or `port`", "`containerPort`"),
        component.port_number,
    ),
    row(
        _KINDS,
        f"{_CONTAINER}.ports[]",
        ("port-protocol", HYDRA, "`type: tcp` or `protocol: tcp`", "`protocol: TCP`"),
        component.port_protocol,
    ),
    row(
        _KINDS,
        f"{_CONTAINER}.config[]",
        ("config-path", HYDRA, "`name`", "`path`"),
        component.config_path,
    ),
    row(
        _KINDS,
        f"{_CONTAINER}.env[]",
        ("env-from-value", SDK, "`fromValue`", "`fromParam`"),
        component.from_value,
    ),
    row(
        _KINDS,
        f"{_CONTAINER}.resources",
        ("amounts", SDK, "`cpu: 1`", "`cpu: {required: 1}`"),
        component.amounts,
    ),
    row(
        _KINDS,
        f"{_CONTAINER}.resources.cpu",
        ("cpu-text", ALPHA, '`required: "0.5"`', "`required: 0.5`"),
        component.cpu_text,
        parsed=True,
    ),
    row(
        _KINDS,
        f"{_CONTAINER}.resources.volumes[].disk",
        ("ephemeral", SPEC, '`ephemeral: "n"`', "`ephemeral: false`"),
        values.boolean_text("ephemeral"),
        parsed=True,
    ),
)

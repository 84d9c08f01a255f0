"""Old shapes of an ApplicationConfiguration."""

from __future__ import annotations

import re
from typing import Final

from rudr_py.model.document import Json
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.shapes import names, values
from rudr_py.model.shapes.releases import ALPHA, DRAFT, HYDRA, LATER, SPEC
from rudr_py.model.shapes.shape import Place, Steps, Table

APPLICATIONS: Final = Table("ApplicationConfiguration")

_OUTDATED: Final = "parameterValues"
"""The key of properties before they were called so."""

RENAMED_PROPERTIES: Final = {
    "ingress": {"service_port": "servicePort", "tls_hosts": "tlsHosts", "tls_secret_name": "tlsSecretName"}
}
"""Properties of standard traits in snake case, by trait."""

SIMPLE_PROPERTIES: Final = {"manual-scaler": "replicaCount"}
"""The only property of standard traits that have one."""

_UPPER: Final = re.compile(r"(?<=[a-z0-9])([A-Z])")


@APPLICATIONS.row("spec", HYDRA, "`component`, `parameterValues` and `traits`", "an entry of `components`", "refused")
def single_component(place: Place) -> None:
    if not place.text("component") or place.has("components"):
        return
    place.note("component", '"component" is read as the only entry of "components"')
    keys = ("component", _OUTDATED, "traits")
    renamed = {"component": "componentName"}
    for key in keys:
        values.moved(place, (key,), ("components", 0, renamed.get(key, key)))
    binding = {renamed.get(key, key): place.value[key] for key in keys if key in place.value}
    rest = {key: inner for key, inner in place.value.items() if key not in keys}
    place.replace({**rest, "components": [binding]})


@APPLICATIONS.row("spec", HYDRA, "`components` as one map", "a list", "refused")
def components_map(place: Place) -> None:
    if not isinstance(place.value, dict) or not isinstance(place.value.get("components"), dict):
        return
    place.note("components", '"components" is one entry; write a list')
    values.moved(place, ("components",), ("components", 0))
    place.put("components", [place.value["components"]])


@APPLICATIONS.row(
    "spec",
    HYDRA,
    "`parameters`, and `fromParam` in values and properties",
    "`variables`, and `[fromVariable(x)]`",
    "refused",
)
def top_level_parameters(place: Place) -> None:
    if not isinstance(place.value, dict):
        return
    place.rename("parameters", "variables")
    for key in ("scopes", "components"):
        if key in place.value:
            place.put(key, _with_references(place.value[key], (key,), place))


@APPLICATIONS.row("spec.scopes[]", DRAFT, "the type as `name`", "`type`, and a `name` that is free")
def scope_type(place: Place) -> None:
    parts = names.split_core_type(place.text("name"))
    if parts is None or place.has("type"):
        return
    name = _UPPER.sub(r"-\1", parts[2]).lower()
    message = f'{excerpt(place.text("name"))} is the type of the scope; write "type", and a name such as {name}'
    place.note("name", message)
    place.move("name", "type")
    place.replace({"name": name, **place.value})


APPLICATIONS.renamed("scope-parameter-values", "spec.scopes[]", DRAFT, "parameterValues", "properties")


APPLICATIONS.row(
    "spec.scopes[]", HYDRA, "`type: core.hydra.io/v1alpha1.HealthScope`", "the same in `core.oam.dev`", "refused"
)(values.scope_group, "scope-group")
APPLICATIONS.renamed("component-name", "spec.components[]", ALPHA, "name", "componentName")


@APPLICATIONS.row(
    "spec.components[]", HYDRA, "no `instanceName`", "`instanceName`, the name of the component", "refused"
)
def instance_name(place: Place) -> None:
    name = place.text("componentName")
    if name and "instanceName" not in place.value:
        place.note("", f'"instanceName" is missing; write instanceName: {name}', at_key=False)
        first = {"componentName": name}
        place.replace({**first, "instanceName": name, **place.value})


@APPLICATIONS.row("spec.components[]", LATER, "`parameterValues` as a map", "a list of `name` and `value`", parsed=True)
def parameter_values_map(place: Place) -> None:
    if isinstance(place.value, dict) and isinstance(place.value.get(_OUTDATED), dict):
        place.note(_OUTDATED, f'"{_OUTDATED}" is a map; write a list of "name" and "value"')
        values.map_to_pairs(place, _OUTDATED)


@APPLICATIONS.row(
    "spec.components[].traits[]", DRAFT, "`type: core.oam.dev/v1alpha1.Ingress` beside any `name`", "`name: ingress`"
)
def trait_type(place: Place) -> None:
    kind = names.trait_of_type(place.text("type"))
    if not kind:
        return
    name = place.text("name")
    is_free = bool(name) and names.known_trait(name) != kind and name != kind
    lost = f"the name {excerpt(name)} of the trait" if is_free else ""
    place.note("type", f'"type" is read as the name of the trait; write name: {kind}', lost=lost)
    place.remove("type")
    place.put("name", kind)


@APPLICATIONS.row(
    "spec.components[].traits[]",
    LATER,
    "`name: ingress.core.oam.dev/v1alpha1`, `core.oam.dev/v1alpha1.ManualScaler` or `volumeMounter`",
    "`name: ingress`, `manual-scaler` or `volume-mounter`",
)
def trait_name(place: Place) -> None:
    name = place.text("name")
    today = names.trait_of_type(name) or (names.known_trait(name) if name == "volumeMounter" else "")
    if today and today != name:
        place.read_as("name", today)


@APPLICATIONS.row(
    "spec.components[].traits[]", ALPHA, "`parameterValues`, a list or a map", "`properties`, a map", parsed=True
)
def trait_parameter_values(place: Place) -> None:
    if not place.has(_OUTDATED):
        return
    if place.has("properties") and place.value["properties"]:
        place.note(
            _OUTDATED,
            f'has no effect, because "properties" is set; remove "{_OUTDATED}"',
            lost=f'"{_OUTDATED}", which has no effect',
        )
        place.remove(_OUTDATED)
        return
    place.note(_OUTDATED, f'"{_OUTDATED}" of a trait is deprecated; write "properties" with a map')
    place.remove("properties")
    place.move(_OUTDATED, "properties")


@APPLICATIONS.row(
    "spec.components[].traits[]", DRAFT, "`properties` as a list of `name` and `value`", "a map", parsed=True
)
def trait_properties_list(place: Place) -> None:
    if values.pairs_to_map(place, "properties"):
        place.note("properties", '"properties" is a list; write a map')


@APPLICATIONS.row("spec.components[].traits[]", LATER, "properties beside `name`", "below `properties`", parsed=True)
def trait_properties_beside(place: Place) -> None:
    if not isinstance(place.value, dict) or place.value.get("properties") or place.has(_OUTDATED):
        return
    beside = [key for key in place.value if key not in ("name", "properties", _OUTDATED)]
    if not beside:
        return
    place.note("", f'{", ".join(beside)} next to "name"; write them below "properties"', at_key=False)
    for key in beside:
        values.moved(place, (key,), ("properties", key))
    name = {key: inner for key, inner in place.value.items() if key == "name"}
    place.replace({**name, "properties": {key: place.value[key] for key in beside}})


@APPLICATIONS.row(
    "spec.components[].traits[]",
    SPEC,
    "`properties: 3`, if the trait has one property",
    "`properties: {replicaCount: 3}`",
    parsed=True,
)
def trait_simple_value(place: Place) -> None:
    name = SIMPLE_PROPERTIES.get(names.known_trait(place.text("name")))
    if name is None or not place.has("properties") or isinstance(place.value["properties"], dict | list):
        return
    value = place.value["properties"]
    place.note("properties", f'"properties" is {type_in_words(value)}; write a map with "{name}"')
    values.moved(place, ("properties",), ("properties", name))
    place.put("properties", {name: value})


@APPLICATIONS.row(
    "spec.components[].traits[]",
    ALPHA,
    "`service_port`, `tls_hosts` and `tls_secret_name` of `ingress`",
    "`servicePort`, `tlsHosts` and `tlsSecretName`",
    parsed=True,
)
def trait_property_names(place: Place) -> None:
    properties = place.value.get("properties") if isinstance(place.value, dict) else None
    renamed = RENAMED_PROPERTIES.get(names.known_trait(place.text("name")), {})
    if not isinstance(properties, dict):
        return
    inner = Place(properties, (*place.steps, "properties"), place.rewriting)
    inner.shape = place.shape
    for old, new in renamed.items():
        inner.rename(old, new)
    if inner.is_changed:
        place.put("properties", inner.value)


def _with_references(value: Json, steps: Steps, place: Place) -> Json:
    """The value with `[fromVariable(x)]` in each entry with a name and `fromParam: x`."""
    if isinstance(value, list):
        return [_with_references(item, (*steps, index), place) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    name = value.get("fromParam")
    if not isinstance(name, str) or not set(value) <= {"name", "value", "fromParam"} or "name" not in value:
        return {key: _with_references(inner, (*steps, key), place) for key, inner in value.items()}
    inner = Place(value, (*place.steps, *steps), place.rewriting)
    inner.shape = place.shape
    reference = f"[fromVariable({name})]"
    inner.note(
        "fromParam",
        f'"fromParam" is read as value: "{reference}"',
        lost='"value" beside "fromParam"' if "value" in value else "",
    )
    inner.remove("fromParam")
    inner.put("value", reference)
    return inner.value

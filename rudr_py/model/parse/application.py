"""ApplicationConfiguration: document -> Application, with every mistake (OAM v1alpha1 §6).

Reads what Rudr's users wrote, deviating spellings with a warning. Which components, traits and scopes there are is
not known here.
"""

from __future__ import annotations

from rudr_py.model import names
from rudr_py.model.application import Application, ComponentBinding, ScopeBinding, Steps, TraitBinding
from rudr_py.model.document import Json, Parsed, Positions
from rudr_py.model.identity import TypeName
from rudr_py.model.parse import validate_application
from rudr_py.model.parse.fields import FieldReader, ProblemList, kind_of, shown
from rudr_py.model.parse.metadata import open_document

KIND = "ApplicationConfiguration"

_OUTDATED = "parameterValues"
"""Where traits had their properties before `properties` came."""


def parse_application(document: Json, positions: Positions | None = None) -> Parsed[Application]:
    """Read an ApplicationConfiguration. Raises nothing, whatever JSON value `document` is."""
    notes = ProblemList(positions)
    envelope = open_document(document, KIND, notes)
    if envelope is None:
        return Parsed(value=None, problems=tuple(notes.problems), warnings=tuple(notes.warnings))
    spec = envelope.spec
    application = Application(
        metadata=envelope.metadata,
        variables=_variables(spec),
        scopes=tuple(_scope(fields) for fields in spec.items("scopes", "AC-12")),
        components=tuple(_component(fields) for fields in spec.items("components")),
    )
    spec.warn_unread()
    validate_application.check(application, notes)
    return Parsed(value=application, problems=tuple(notes.problems), warnings=tuple(notes.warnings))


def _variables(spec: FieldReader) -> dict[str, Json]:
    """Scalars by name; a name must not come twice (AC-7)."""
    found: dict[str, Json] = {}
    for fields in spec.items("variables", "AC-7"):
        name = fields.text("name", required=True, rule="AC-7")
        value = fields.raw("value")
        if name and (wrong := names.wrong_variable_name(name)):
            fields.notes.error(fields.at("name"), wrong, "AC-10")
        if name in found:
            fields.notes.error(fields.at("name"), f"the variable {shown(name)} is given twice", "AC-7")
        if value is None:
            fields.notes.error(fields.path, '"value" is missing', "AC-7")
        elif isinstance(value, dict | list):
            message = f"a variable holds text, a number, true or false, not {kind_of(value)}"
            fields.notes.error(fields.at("value"), message, "AC-7")
        elif name:
            found[name] = value
        fields.warn_unread()
    return found


def _scope(fields: FieldReader) -> ScopeBinding:
    name = fields.text("name", required=True, rule="AC-12")
    if name and (wrong := names.wrong_name(name)):
        fields.notes.error(fields.at("name"), wrong, "MD-2")
    scope_type = fields.text("type", required=True, rule="AC-12")
    if scope_type and TypeName.parse(scope_type) is None:
        message = f"{shown(scope_type)} must be GROUP/VERSION.Kind, such as core.oam.dev/v1alpha1.HealthScope"
        fields.notes.error(fields.at("type"), message, "MD-11")
    properties, steps = _named_values(fields, "properties")
    found = ScopeBinding(name=name, type=scope_type, properties=properties, property_steps=steps)
    fields.warn_unread()
    return found


def _component(fields: FieldReader) -> ComponentBinding:
    instance = fields.text("instanceName", required=True, rule="AC-13")
    if instance and (wrong := names.wrong_object_name(instance)):
        fields.notes.error(fields.at("instanceName"), wrong, "AC-13")
    if isinstance(fields.raw(_OUTDATED), dict):
        message = 'is read as a list of "name" and "value"; write it as such a list'
        fields.notes.warn(fields.at(_OUTDATED), message)
    values, steps = _named_values(fields, _OUTDATED)
    found = ComponentBinding(
        component_name=fields.text("componentName", required=True, rule="MD-1"),
        instance_name=instance,
        parameter_values=values,
        traits=tuple(_trait(inner) for inner in fields.items("traits", "AC-15")),
        application_scopes=fields.texts("applicationScopes", "AC-14"),
        parameter_steps=steps,
    )
    fields.warn_unread()
    return found


def _trait(fields: FieldReader) -> TraitBinding:
    """A trait with its properties, wherever the three generations of documents have put them."""
    name = fields.text("name", required=True, rule="AC-15")
    given = fields.raw("properties")
    outdated = fields.raw(_OUTDATED)
    if given and outdated is not None:
        message = f'has no effect, because "properties" is there; delete "{_OUTDATED}"'
        fields.notes.warn(fields.at(_OUTDATED), message, at_key=True)
    if given or (outdated is None and not _beside(fields)):
        if isinstance(given, list):
            fields.notes.warn(fields.at("properties"), "is read as a map; write a map")
        properties, steps = _named_values(fields, "properties")
        fields.warn_unread()
        return TraitBinding(name=name, properties=properties, property_steps=steps)
    if outdated is not None:
        message = f'"{_OUTDATED}" of a trait is outdated; write "properties" with a map'
        fields.notes.warn(fields.at(_OUTDATED), message, at_key=True)
        properties, steps = _named_values(fields, _OUTDATED)
        fields.warn_unread()
        return TraitBinding(name=name, properties=properties, properties_key=_OUTDATED, property_steps=steps)
    properties = _beside(fields)
    message = f'{", ".join(properties)} beside "name" is read as properties; indent it below "properties:"'
    fields.notes.warn(fields.path, message)
    steps = {key: (key,) for key in properties}
    return TraitBinding(name=name, properties=properties, properties_key="", property_steps=steps)


def _beside(fields: FieldReader) -> dict[str, Json]:
    """The keys beside `name` that are no field of a trait binding."""
    return {key: fields.value[key] for key in fields.unread()}


def _named_values(fields: FieldReader, key: str) -> tuple[dict[str, Json], dict[str, Steps]]:
    """Values by name out of a map, or a list of `name` and `value`; and the steps from `fields` to each value."""
    value = fields.raw(key)
    if not isinstance(value, list):
        inner = fields.map(key, "AC-12")
        found = {} if inner is None else dict(inner.value)
        return found, {name: (key, name) for name in found}
    values: dict[str, Json] = {}
    steps: dict[str, Steps] = {}
    for index, item in enumerate(fields.items(key)):
        name = item.text("name", required=True)
        given = item.raw("value")
        if name in values:
            item.notes.warn(item.at("name"), f"{shown(name)} is given twice; the last value counts")
        if name and given is not None:
            values[name] = given
            steps[name] = (key, index, "value")
        item.warn_unread()
    return values, steps

"""ApplicationConfiguration: document -> Application, with all errors (OAM v1alpha1 §6).

Accepts all spellings that Rudr accepted, the deviating ones with a warning. Whether components, traits and scopes exist
is not checked here.
"""

from __future__ import annotations

from typing import get_args

import msgspec

from rudr_py.model import names, paths, suggest
from rudr_py.model.advice import package_index
from rudr_py.model.application import SIMPLE, Application, ComponentBinding, ScopeBinding, Steps, TraitBinding
from rudr_py.model.document import Json, Parsed, Positions
from rudr_py.model.identity import API_VERSION, Metadata, TypeName
from rudr_py.model.json_text import excerpt, type_in_words
from rudr_py.model.metadata_keys import REMOVAL_ANNOTATION
from rudr_py.model.parse import component_updates, ignore_rules, references
from rudr_py.model.parse.fields import FieldReader, ProblemList
from rudr_py.model.parse.metadata import open_steps, read_metadata
from rudr_py.model.shapes import rewrite
from rudr_py.model.stepwise import Stepwise, run
from rudr_py.settings import DEFAULT_LIMITS, Limits, RemovalPolicy

KIND = "ApplicationConfiguration"

_CORE_SCOPES = (f"{API_VERSION}.HealthScope", f"{API_VERSION}.NetworkScope")

_REMOVAL_POLICIES: tuple[RemovalPolicy, ...] = get_args(RemovalPolicy)

_OUTDATED = "parameterValues"
"""The old key of a trait's properties."""


def parse_application(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Parsed[Application]:
    """Read an ApplicationConfiguration. Raises nothing, whatever JSON value `document` is."""
    return run(application_steps(document, positions, limits))


def application_steps(
    document: Json, positions: Positions | None = None, limits: Limits = DEFAULT_LIMITS
) -> Stepwise[Parsed[Application]]:
    """Like `parse_application`, in steps.

    Of an application that exceeds a limit only the metadata and the scopes are read, which other ones depend on.
    """
    problems = ProblemList(positions, limits)
    envelope = yield from open_steps(document, KIND, problems)
    if envelope is None:
        return problems.parsed(None)
    spec = envelope.spec
    if _is_too_large(spec, problems):
        return problems.parsed(_with_scopes_only(envelope.metadata, spec))
    variables, declared = _variables(spec), _scopes(spec)
    components: list[ComponentBinding] = []
    for fields in spec.items("components"):
        yield sum(1 + _length(fields.value.get(key)) for key in ("traits", _OUTDATED))
        components.append(_component(fields))
    yield len(components)
    application = Application(
        metadata=envelope.metadata,
        variables=variables,
        scopes=declared,
        components=tuple(components),
        ignore_rules=ignore_rules.ignore_rules(envelope.metadata, problems),
        removal=_removal(envelope.metadata, problems),
    )
    component_updates.check(envelope.metadata, problems)
    if spec.has("components"):
        spec.warn_unread()
    else:
        _reject_unread(spec, problems)
    yield problems.size.values // 10
    yield from references.application_steps(spec, variables)
    yield problems.size.values // 10
    _check(application, problems)
    parsed = problems.parsed(application)
    return msgspec.structs.replace(
        parsed,
        problems=tuple(map(application.with_instance, parsed.problems)),
        warnings=tuple(map(application.with_instance, parsed.warnings)),
    )


def _removal(metadata: Metadata, problems: ProblemList) -> RemovalPolicy | None:
    text = metadata.annotations.get(REMOVAL_ANNOTATION)
    policy = next((policy for policy in _REMOVAL_POLICIES if policy == text), None)
    if text and policy is None:
        path = paths.child(paths.ROOT, "metadata", "annotations", REMOVAL_ANNOTATION)
        message = f"must be {', '.join(_REMOVAL_POLICIES[:-1])} or {_REMOVAL_POLICIES[-1]}, not {excerpt(text)}"
        problems.error(path, f"{message}.{suggest.nearest(text, _REMOVAL_POLICIES)}")
    return policy


def parse_scopes(document: Json, limits: Limits = DEFAULT_LIMITS) -> Application | None:
    """Only the scopes that an application declares and those that its instances join; None for an invalid document.

    It takes a small part of the time of `parse_application`, and its errors are not reported.
    """
    value = rewrite.scopes_for_parser(document).value if isinstance(document, dict) else {}
    fields = FieldReader(value, paths.ROOT, ProblemList(None, limits))
    metadata, spec = read_metadata(fields), fields.map("spec")
    if metadata is None or spec is None:
        return None
    application = _with_scopes_only(metadata, spec)
    joining: list[ComponentBinding] = []
    if _length(spec.value.get("components")) <= limits.components:
        for binding in spec.items("components"):
            if _length(binding.value.get("applicationScopes")) <= limits.scopes:
                joined = binding.texts("applicationScopes")
                joining.append(ComponentBinding(component_name="", instance_name="", application_scopes=joined))
    return msgspec.structs.replace(application, components=tuple(joining))


def _with_scopes_only(metadata: Metadata, spec: FieldReader) -> Application:
    """An application with its scopes, and with the variables that their properties may contain."""
    limits = spec.problems.limits
    if any(_length(spec.value.get(key)) > getattr(limits, key) for key in ("scopes", "variables")):
        return Application(metadata=metadata)
    return Application(metadata=metadata, variables=_variables(spec), scopes=_scopes(spec))


def _is_too_large(spec: FieldReader, problems: ProblemList) -> bool:
    """Whether the numbers of entries exceed a limit; each number that does is an error."""
    errors_before = problems.error_count
    bindings = [item for item in _listed(spec.value.get("components")) if isinstance(item, dict)]
    parameters = sum(_length(binding.get(_OUTDATED)) for binding in bindings)
    place = "$.spec.components"
    problems.check_limit("components", _length(spec.value.get("components")), "components", place)
    problems.check_limit("scopes", _length(spec.value.get("scopes")), "scopes", "$.spec.scopes")
    problems.check_limit("variables", _length(spec.value.get("variables")), "variables", "$.spec.variables")
    problems.check_limit("parameters", parameters, "values of parameters", place)
    for index, item in enumerate(_listed(spec.value.get("components"))):
        binding = item if isinstance(item, dict) else {}
        path = paths.child(place, index)
        for limit, key in (("traits", "traits"), ("scopes", "applicationScopes")):
            number, unit = _length(binding.get(key)), f"{limit} of an instance"
            problems.check_limit(limit, number, unit, paths.child(path, key))
        if problems.error_count > errors_before:
            break
    return problems.error_count > errors_before


def _listed(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _length(value: Json) -> int:
    return len(value) if isinstance(value, list | dict) else 0


def _scopes(spec: FieldReader) -> tuple[ScopeBinding, ...]:
    return tuple(_scope(fields) for fields in spec.items("scopes", "AC-12"))


def _reject_unread(spec: FieldReader, problems: ProblemList) -> None:
    """An unknown field without `components` is an error: a misspelled key must not delete all instances."""
    for key in spec.unread():
        message = (
            f"unknown field {excerpt(key)}, and no components, without which all instances are deleted; correct the "
            "name of the field, or write components: []"
        )
        problems.error(spec.at(key), message, at_key=True)


def _check(application: Application, problems: ProblemList) -> None:
    """Add all violations of rules between fields, with their rules and paths."""
    instances = (binding.instance_name for binding in application.components)
    problems.repeated(instances, "$.spec.components", "AC-13", key="instanceName")
    problems.repeated((scope.name for scope in application.scopes), "$.spec.scopes", "AC-12")
    for index, binding in enumerate(application.components):
        place = paths.child("$.spec.components", index, "applicationScopes")
        listed: set[str] = set()
        for number, name in enumerate(binding.application_scopes):
            if name in listed:
                problems.warn(paths.child(place, number), f"{excerpt(name)} is listed twice; remove one", "AC-14")
            listed.add(name)


def _variables(spec: FieldReader) -> dict[str, Json]:
    """Scalars by name; names must be unique (AC-7)."""
    variables: dict[str, Json] = {}
    for fields in spec.items("variables", "AC-7"):
        name = fields.text("name", required=True, rule="AC-7")
        value = fields.raw("value")
        if name and (message := names.wrong_variable_name(name)):
            fields.problems.error(fields.at("name"), message, "AC-10")
        if name in variables:
            fields.problems.error(
                fields.at("name"), f"the variable {excerpt(name)} is defined twice; remove one", "AC-7"
            )
        if value is None:
            fields.problems.error(fields.path, '"value" is missing', "AC-7")
        elif isinstance(value, dict | list):
            message = f"the value of a variable must be text, a number, true or false, not {type_in_words(value)}"
            fields.problems.error(fields.at("value"), message, "AC-7")
        elif name:
            variables[name] = value
        fields.warn_unread()
    return variables


def _scope(fields: FieldReader) -> ScopeBinding:
    name = fields.text("name", required=True, rule="AC-12")
    if name and (message := names.wrong_name(name)):
        fields.problems.error(fields.at("name"), message, "MD-2")
    scope_type = fields.text("type", required=True, rule="AC-12")
    if scope_type and TypeName.parse(scope_type) is None:
        hint = package_index.nearest_type("scopes", scope_type, _CORE_SCOPES)
        advice = f".{hint}" if hint else ", such as core.oam.dev/v1alpha1.HealthScope"
        fields.problems.error(fields.at("type"), f"{excerpt(scope_type)} must be GROUP/VERSION.Kind{advice}", "MD-11")
    properties, steps = _named_values(fields, "properties")
    binding = ScopeBinding(name=name, type=scope_type, properties=properties, property_steps=steps)
    fields.warn_unread()
    return binding


def _component(fields: FieldReader) -> ComponentBinding:
    instance = fields.text("instanceName", required=True, rule="AC-13")
    if instance and (error := names.wrong_object_name(instance)):
        fields.problems.error(fields.at("instanceName"), error, "AC-13")
    if isinstance(fields.raw(_OUTDATED), dict):
        message = 'is a map and is read as a list of "name" and "value"; write such a list'
        fields.problems.warn(fields.at(_OUTDATED), message)
    values, steps = _named_values(fields, _OUTDATED)
    binding = ComponentBinding(
        component_name=fields.text("componentName", required=True, rule="MD-1"),
        instance_name=instance,
        parameter_values=values,
        traits=tuple(_trait(inner) for inner in fields.items("traits", "AC-15")),
        application_scopes=fields.texts("applicationScopes", "AC-14"),
        parameter_steps=steps,
    )
    fields.warn_unread()
    return binding


def _trait(fields: FieldReader) -> TraitBinding:
    """A trait with its properties, which three generations of documents write in different places."""
    name = fields.text("name", required=True, rule="AC-15")
    current = fields.raw("properties")
    if _is_simple(current):
        steps: dict[str, Steps] = {SIMPLE: ("properties",)}
        fields.warn_unread()
        return TraitBinding(name=name, properties={SIMPLE: current}, property_steps=steps)
    outdated = fields.raw(_OUTDATED)
    if current and outdated is not None:
        message = f'has no effect, because "properties" is set; remove "{_OUTDATED}"'
        fields.problems.warn(fields.at(_OUTDATED), message, at_key=True)
    if current or (outdated is None and not _beside(fields)):
        if isinstance(current, list):
            fields.problems.warn(fields.at("properties"), "a list of name and value is read as a map; write a map")
        properties, steps = _named_values(fields, "properties")
        fields.warn_unread()
        return TraitBinding(name=name, properties=properties, property_steps=steps)
    if outdated is not None:
        message = f'"{_OUTDATED}" of a trait is deprecated; write "properties" with a map'
        fields.problems.warn(fields.at(_OUTDATED), message, at_key=True)
        properties, steps = _named_values(fields, _OUTDATED)
        fields.warn_unread()
        return TraitBinding(name=name, properties=properties, properties_key=_OUTDATED, property_steps=steps)
    properties = _beside(fields)
    message = f'{", ".join(properties)} next to "name" is read as properties; move it below "properties:"'
    fields.problems.warn(fields.path, message)
    steps = {key: (key,) for key in properties}
    return TraitBinding(name=name, properties=properties, properties_key="", property_steps=steps)


def _is_simple(value: Json) -> bool:
    """Whether properties are neither a map nor a list of names and values, nor absent (TR-19)."""
    if isinstance(value, list):
        return bool(value) and not any(isinstance(item, dict) for item in value)
    return value is not None and not isinstance(value, dict)


def _beside(fields: FieldReader) -> dict[str, Json]:
    """The keys next to `name` that are not fields of a trait binding."""
    return {key: fields.value[key] for key in fields.unread()}


def _missing_value(fields: FieldReader) -> str:
    """Advice for an entry of a list without a value. Its other fields may be misspelled, or name a variable."""
    keys = fields.unread()
    if any(suggest.similar(key, ("value",)) for key in keys):
        return f"rename {excerpt(keys[0])} to value"
    referring = (fields.value[key] for key in keys if "from" in key.casefold() or "var" in key.casefold())
    texts = [text for text in referring if isinstance(text, str) and not names.wrong_variable_name(text)]
    return f'write value: "[fromVariable({texts[0]})]"' if texts else "add value"


def _named_values(fields: FieldReader, key: str) -> tuple[dict[str, Json], dict[str, Steps]]:
    """Values by name from a map or a list of `name` and `value`, and the steps from `fields` to each value.

    An entry without a value, which is an error, has steps only.
    """
    value = fields.raw(key)
    if not isinstance(value, list):
        inner = fields.map(key, "AC-12")
        values_by_name = {} if inner is None else dict(inner.value)
        return values_by_name, {name: (key, name) for name in values_by_name}
    values: dict[str, Json] = {}
    steps: dict[str, Steps] = {}
    for index, item in enumerate(fields.items(key)):
        name = item.text("name", required=True)
        item_value = item.raw("value")
        if name in values:
            item.problems.warn(item.at("name"), f"{excerpt(name)} is set twice; the last value is used")
        if name and item_value is not None:
            values[name] = item_value
            steps[name] = (key, index, "value")
        elif name and not item.has("value"):
            item.problems.error(item.path, f"{excerpt(name)} has no value; {_missing_value(item)}")
            steps.setdefault(name, (key, index))
            continue
        item.warn_unread()
    return values, steps

"""Checks whether an object is a valid type, by its declarations. Calls no method of the type.

The rest of the program reads declarations without further checks; they are checked here, once, at start.
"""

from __future__ import annotations

import difflib
import inspect
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Generic, get_args

import jsonschema

from rudr_py import api, json_schema
from rudr_py.api import Kind, Rule, Scope, Trait, Type, WorkloadType, properties
from rudr_py.api.types import ANY, Capability, ScaleForm

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._/-]*[A-Za-z0-9])?")

_RESERVED = re.compile(r"([^/]*\.)?oam\.dev/")

_LISTS: Mapping[str, type] = {
    "aliases": str,
    "replaces": str,
    "produces": Kind,
    "observes": Kind,
    "observes_cluster": Kind,
    "permissions": Rule,
    "applies_to": str,
    "requires": str,
    "scale_forms": str,
    "provides": str,
}
"""Declarations with several values, and the type of each value."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "requires": get_args(Capability),
    "provides": get_args(Capability),
    "scale_forms": get_args(ScaleForm),
}
"""Declarations with values of a fixed set."""

_TYPE_NAME = re.compile(r"[a-z0-9.-]+/v[0-9][a-z0-9]*\.[A-Za-z][A-Za-z0-9]*")
_EXAMPLE = "core.oam.dev/v1alpha1.Server"

_NEAR = 0.8
"""The similarity from which a name counts as a misspelling of another."""

_METHODS = ("render", "health", "scale", "pods", "pod_templates", "status", "is_reclaimed")


def incompatible(declared: object) -> str:
    """The reason that an API version of a plugin (`1`, `1.3`) is not supported, or ""."""
    match = re.fullmatch(r"(\d+)(?:\.(\d+))?", str(declared))
    if match is None:
        return f"requires the plugin API {declared!r}, which is not a version such as {api.API_VERSION!r}"
    major, minor = (int(part) for part in api.API_VERSION.split("."))
    if int(match[1]) == major and int(match[2] or 0) <= minor:
        return ""
    return f"requires the plugin API {declared}; this rudr-py has {api.API_VERSION}"


def faults(candidate: object) -> tuple[str, ...]:
    """All reasons that an object is not a valid type; each text continues the words "this type".

    May raise any exception of the object's own attributes.
    """
    if isinstance(candidate, type) and issubclass(candidate, Type):
        return (f"is the class {candidate.__name__}; return an instance, {candidate.__name__}()",)
    if not isinstance(candidate, (Trait, WorkloadType, Scope)):
        return (f"is {_named(candidate)}, not a Trait, WorkloadType or Scope",)
    checks = (_name_faults, _list_faults, _word_faults, _method_faults, _schema_faults)
    return tuple(fault for check in checks for fault in check(candidate))


def trespasses(candidate: object) -> tuple[str, ...]:
    """Names in the groups of the specification, oam.dev and below, which plugins must not use (OAM MD-7, SC-9).

    A type may use one that it names in `replaces`. Each text continues the words "this type".
    """
    if not isinstance(candidate, Type):
        return ()
    names: tuple[object, ...] = (candidate.name, *candidate.aliases)
    return tuple(
        f'is named "{name}"; the groups of oam.dev are reserved by the specification, use a group of your own'
        for name in names
        if isinstance(name, str) and _RESERVED.match(name) and name not in candidate.replaces
    )


def misspelt(candidate: Type[Any]) -> tuple[str, ...]:
    """Attributes of the author's classes with a name that is similar to that of an absent declaration or method.

    Each text continues the words "this type". For tests only: helpers with such names are allowed.
    """
    classes = type(candidate).__mro__
    own = {name for cls in classes if cls not in (object, Generic) and not _ours(cls) for name in vars(cls)}
    declarations = {
        name for cls in classes if _ours(cls) for name in (*vars(cls), *vars(cls).get("__annotations__", ()))
    }
    missing = sorted(name for name in declarations - own if not name.startswith("_"))
    near = {name: difflib.get_close_matches(name, missing, n=1, cutoff=_NEAR) for name in own - declarations}
    return tuple(
        f'declares "{name}", which has no meaning; did you mean "{close[0]}"?'
        for name, close in sorted(near.items())
        if close and not name.startswith("_")
    )


def _ours(cls: type) -> bool:
    return cls.__module__.startswith(f"{api.__name__}.")


def label(candidate: object) -> str:
    """The name of an object for a message, or its class if it has no name."""
    name = getattr(candidate, "name", None)
    return f'"{name}"' if isinstance(name, str) and name else f"of class {type(candidate).__name__}"


def _name_faults(candidate: Type[Any]) -> Iterator[str]:
    name: object = getattr(candidate, "name", None)
    if not isinstance(name, str) or not name:
        yield 'has no name; declare name = "..."'
        return
    aliases: object = candidate.aliases
    for spelling in (name, *(aliases if isinstance(aliases, tuple) else ())):
        if isinstance(spelling, str) and not _NAME.fullmatch(spelling):
            yield f"is named {spelling!r}; use letters, digits and - . _ / between them"


def _list_faults(candidate: Type[Any]) -> Iterator[str]:
    for attribute, item in _LISTS.items():
        value = getattr(candidate, attribute, ())
        if not isinstance(value, (tuple, frozenset)):
            yield f"declares {attribute} as {_named(value)}; it must be a tuple or frozenset of {item.__name__}"
        elif not all(isinstance(entry, item) for entry in value):
            yield f"declares {attribute} with a value that is not a {item.__name__}"
    renamed: object = candidate.renamed_properties
    if not isinstance(renamed, Mapping) or not all(isinstance(text, str) for pair in renamed.items() for text in pair):
        yield "declares renamed_properties that do not map names to names"


def _word_faults(candidate: Type[Any]) -> Iterator[str]:
    """Values that no other type could match: misspelt capabilities and scale forms, names that no type can have."""
    for attribute, words in _WORDS.items():
        for word in getattr(candidate, attribute, ()):
            if isinstance(word, str) and word not in words:
                yield f'declares {attribute} with "{word}"; the values are {", ".join(words)}'
    for name in getattr(candidate, "applies_to", ()):
        if isinstance(name, str) and name != ANY and not _TYPE_NAME.fullmatch(name):
            yield f'declares applies_to with "{name}"; use {ANY}, or names of workload types such as {_EXAMPLE}'


def _method_faults(candidate: Trait[Any] | WorkloadType[Any] | Scope[Any]) -> Iterator[str]:
    if type(candidate).render in (Trait.render, WorkloadType.render, Scope.render):
        yield "has no render method"
    for name in _METHODS:
        method = getattr(candidate, name, None)
        if inspect.iscoroutinefunction(method) or inspect.isasyncgenfunction(method):
            yield f"has an async {name}; types are synchronous"


def _schema_faults(candidate: Type[Any]) -> Iterator[str]:
    try:
        schema = properties.schema(candidate.properties)
        json.dumps(schema, allow_nan=False)
        json_schema.check_schema(schema, jsonschema.Draft202012Validator)
        json_schema.validator(schema)
    except jsonschema.SchemaError as error:
        yield f"declares properties with an invalid JSON Schema: {error.json_path}: {error.message}"
        return
    except Exception as error:  # noqa: BLE001 - models are third-party code; any exception is one more fault
        yield f"declares properties without a JSON Schema: {error}"
        return
    if schema.get("type") != "object":
        yield "declares properties that are not an object; the JSON Schema must contain type: object"


def _named(value: object) -> str:
    return f"{type(value).__name__} {value!r:.60}"

"""The index of known packages and of other names of types, from `package_index.toml`.

It contains only published packages. Whether one is installed is up to the caller.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import resources
from typing import Literal, TypeAlias

import msgspec

from rudr_py.model import suggest
from rudr_py.model.identity import CORE_GROUP, TypeName

Category: TypeAlias = Literal["traits", "workloads", "scopes"]


class Package(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A package with the types that it provides.

    `fields` are fields of Kubernetes objects, with the trait or the workload type of the package that sets each.
    """

    name: str
    traits: tuple[str, ...] = ()
    workloads: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    fields: Mapping[str, str] = {}

    def types(self, category: Category) -> tuple[str, ...]:
        """The names of its types of a category."""
        return {"traits": self.traits, "workloads": self.workloads, "scopes": self.scopes}[category]


class Index(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of `package_index.toml`. `synonyms` maps a category and the name of a type to other names of it.

    A synonym of several types suggests all of them, in the order of the file.
    """

    package: tuple[Package, ...]
    synonyms: Mapping[Category, Mapping[str, tuple[str, ...]]]


@cache
def load() -> Index:
    """The index of this release."""
    text = resources.files(__package__).joinpath("package_index.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Index)


def nearest_type(category: Category, name: str, installed: Iterable[str], spellings: Iterable[str] = ()) -> str:
    """The best suggestion for an unknown type, as the continuation of a message; "" when nothing is near.

    `installed` are the names of the installed types and `spellings` these with their aliases. A type of a package that
    is not installed leads to that package, if its own name or a synonym was written.
    """
    names = tuple(installed)
    meant, *alternatives = _meant(category, name, names)
    or_else = "".join(f' Or "{other}"?{_if_missing(category, other, names)}' for other in alternatives)
    if meant in names:
        return f' Did you mean "{meant}"?{or_else}'
    if package := provider(category, meant):
        prefix = "" if meant == name else f' Did you mean "{meant}"?'
        return f"{prefix} {_provided(meant, package)}{or_else}"
    by_name = suggest.nearest(name, names) or suggest.nearest(name, spellings) or suggest.nearest_kind(name, names)
    return by_name or _not_installed(category, name) or (_workload(name) if category == "traits" else "")


def _workload(name: str) -> str:
    """The workload types that are meant by an unknown trait, such as cronjob."""
    meant = _by_synonym("workloads").get(_folded(name), ())
    return "".join(f" Did you mean the workload type {one}?{_if_missing('workloads', one, ())}" for one in meant)


def provider(category: Category, name: str) -> str:
    """The package that provides the type of this name, or ""."""
    return _providers(category).get(name, "")


def setter(field: str) -> str:
    """Advice to use the type that sets this field of a Kubernetes object; "" if no package has one."""
    for package in load().package:
        if field in package.fields:
            name = package.fields[field]
            kind = "trait" if name in package.traits else "workload type"
            return f"the {kind} {name} sets it, of {package.name}: {install(package.name)}"
    return ""


def install(package: str) -> str:
    """The command that installs a package."""
    return f"pip install {package}"


def _provided(name: str, package: str) -> str:
    return f'"{name}" is provided by {package}: {install(package)}, and restart rudr-py.'


def _if_missing(category: Category, name: str, installed: Iterable[str]) -> str:
    package = "" if name in installed else provider(category, name)
    return f" {_provided(name, package)}" if package else ""


def _not_installed(category: Category, name: str) -> str:
    packages = _providers(category)
    near = suggest.similar(name, packages) or suggest.similar_kind(name, packages)
    return f' Did you mean "{near}"? {_provided(near, packages[near])}' if near else ""


def _meant(category: Category, name: str, installed: Iterable[str]) -> tuple[str, ...]:
    """The types whose synonym a name is, or the type that has its group and kind; else the name itself."""
    parsed = TypeName.parse(name)
    for candidate in (*installed, *_providers(category)):
        other = TypeName.parse(candidate)
        if parsed and other and (parsed.group, parsed.kind.casefold()) == (other.group, other.kind.casefold()):
            return (candidate,)
    folded = _folded(name)
    spelt = {_folded(candidate): candidate for candidate in (*_providers(category), *installed)}
    return _by_synonym(category).get(folded) or (spelt.get(folded, name),)


@cache
def _by_synonym(category: Category) -> Mapping[str, tuple[str, ...]]:
    types: dict[str, tuple[str, ...]] = {}
    for name, synonyms in load().synonyms.get(category, {}).items():
        for synonym in synonyms:
            types[synonym] = (*types.get(synonym, ()), name)
    return types


@cache
def _providers(category: Category) -> Mapping[str, str]:
    """The types of this category in all packages of the index, with their packages."""
    return {name: package.name for package in load().package for name in package.types(category)}


def _folded(name: str) -> str:
    """A name in the form of synonyms: the kind alone, in lower case, without separators.

    The trait of a group, such as ingress.core.oam.dev/v1alpha1, is read by its first part.
    """
    parsed = TypeName.parse(name)
    word = parsed.kind if parsed is not None else name.partition(f".{CORE_GROUP}")[0].partition("/")[0]
    return word.casefold().replace("-", "").replace("_", "")

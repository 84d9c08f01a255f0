"""Name -> type: everything that is installed, frozen. Says what there is when a name is unknown.

Finds no plugins and loads nothing: `plugins` builds the catalog and hands it to those who need it.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar

import jsonschema
import msgspec

from rudr_py.api import Kind, Refuse, Scope, Trait, Type, WorkloadType, properties
from rudr_py.errors import CatalogError, PluginCallError
from rudr_py.model import suggest

T = TypeVar("T", bound=Type[Any])
R = TypeVar("R")

Guard = Callable[[Callable[[], Any]], Any]
"""Calls a function of a plugin so that it cannot hang or end the process; raises what the function raised."""


def plain_guard(call: Callable[[], Any]) -> Any:
    """Call it, with no protection at all: for types that we trust, and for tests."""
    return call()


class Offer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A type together with the package that offers it.

    `schema` is the JSON Schema of its properties, `validator` checks by it and finds every mistake.
    """

    provides: T
    package: str
    schema: Mapping[str, Any]
    validator: jsonschema.protocols.Validator
    guard: Guard = plain_guard

    @property
    def name(self) -> str:
        """The type's name in documents."""
        return self.provides.name

    def __repr__(self) -> str:
        # schemas and validators fill pages
        return f"Offer({self.name!r} of {self.package!r})"

    def call(self, function: Callable[..., R], *args: Any, returns: type[R]) -> R:
        """Call a method of the type.

        Raises Refuse as the type raised it, and KeyboardInterrupt, which is the user's; any other failure, sys.exit()
        included, and a result that is no `returns`, becomes a PluginCallError that names package and type.
        """
        try:
            result = self.guard(lambda: function(*args))
        except (Refuse, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise self._failed(f"raised {_told(error)}") from error
        if not isinstance(result, returns):
            name = getattr(function, "__name__", "a call")
            raise self._failed(f"returned {type(result).__name__} from {name}, not {returns.__name__}")
        return result

    def load(self, given: Mapping[str, Any]) -> Any:
        """Validated properties in the form that the author declared.

        Raises ValueError when they do not fit, and PluginCallError when the author's model itself fails.
        """
        try:
            return self.guard(lambda: properties.load(self.provides.properties, given))
        except (ValueError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise self._failed(f"could not read properties and raised {_told(error)}") from error

    def _failed(self, what: str) -> PluginCallError:
        return PluginCallError(
            f"{self.name} of {self.package} {what}; this is a fault of the plugin, not of the document",
            package=self.package,
            type_name=self.name,
        )


def _told(error: BaseException) -> str:
    # not str(error): an exception of a plugin may fail at that, too
    return " ".join("".join(traceback.format_exception_only(error)).split())


def offer(type_: T, *, package: str, guard: Guard = plain_guard) -> Offer[T]:
    """Make an offer of a type.

    Raises TypeError when no JSON Schema can be made of its properties, jsonschema.SchemaError when it is a wrong one.
    """
    schema = properties.schema(type_.properties)
    dialect = jsonschema.validators.validator_for(schema, default=jsonschema.Draft202012Validator)
    dialect.check_schema(schema)
    return Offer(provides=type_, package=package, schema=schema, validator=dialect(schema), guard=guard)


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """All installed types. The mappings hold every accepted spelling, aliases included.

    `withheld` are names that an installed plugin has and may not be used, each with the reason, which names the
    package. `unheard` are packages of which nobody knows what they offer, because they could not be loaded or were not
    to be.
    """

    workloads: Mapping[str, Offer[WorkloadType[Any]]] = msgspec.field(default_factory=dict)
    traits: Mapping[str, Offer[Trait[Any]]] = msgspec.field(default_factory=dict)
    scopes: Mapping[str, Offer[Scope[Any]]] = msgspec.field(default_factory=dict)
    withheld: Mapping[str, str] = msgspec.field(default_factory=dict)
    unheard: tuple[str, ...] = ()

    def workload(self, name: str) -> Offer[WorkloadType[Any]]:
        """The workload type of this name. Raises CatalogError."""
        return self._find(self.workloads, name, "workload type")

    def trait(self, name: str) -> Offer[Trait[Any]]:
        """The trait of this name. Raises CatalogError."""
        return self._find(self.traits, name, "trait")

    def scope(self, name: str) -> Offer[Scope[Any]]:
        """The scope type of this name. Raises CatalogError."""
        return self._find(self.scopes, name, "scope type")

    def _find(self, mapping: Mapping[str, Offer[T]], name: str, what: str) -> Offer[T]:
        if name in mapping:
            return mapping[name]
        if name in self.withheld:
            raise CatalogError(f'the {what} "{name}" cannot be used: {self.withheld[name]}', name=name)
        known = sorted({found.name for found in mapping.values()})
        installed = f"installed are {', '.join(known)}" if known else "none is installed"
        hint = suggest.nearest(name, known) or suggest.nearest(name, mapping)
        if self.unheard:
            hint += f" Not in use is {', '.join(self.unheard)}, which may offer it; see: rudr plugins"
        raise CatalogError(f'no installed plugin offers the {what} "{name}"; {installed}.{hint}', name=name)

    def offers(self) -> tuple[Offer[Any], ...]:
        """Every offer once, by kind of type and name."""
        unique: dict[tuple[str, str], Offer[Any]] = {}
        for label, mapping in (("1", self.workloads), ("2", self.traits), ("3", self.scopes)):
            unique.update({(label, found.name): found for found in mapping.values()})
        return tuple(unique[key] for key in sorted(unique))

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that the installed types produce or observe, each once, in a stable order."""
        kinds = {kind for found in self.offers() for kind in (*found.provides.produces, *found.provides.observes)}
        return tuple(sorted(kinds, key=str))

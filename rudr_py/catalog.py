"""Name -> type: everything that is installed, frozen. Says what there is when a name is unknown, and who has it.

Finds no plugins and loads nothing: `plugins` builds the catalog and hands it to those who need it.
"""

from __future__ import annotations

import builtins
import traceback
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, TypeVar, get_args

import jsonschema
import msgspec

from rudr_py.api import InvalidProperties, Kind, Scope, Trait, Type, WorkloadType, properties
from rudr_py.errors import CatalogError, PluginCallError
from rudr_py.model import suggest

T = TypeVar("T", bound=Type[Any])
R = TypeVar("R")

Guard = Callable[[Callable[[], Any]], Any]
"""Calls a function of a plugin so that it cannot hang or end the process; raises what the function raised."""


OWN_PACKAGE = "rudr-py"
"""The package of the standard types."""

Blame = Callable[[str, str], None]
"""Is told of each call of a type that failed: package with version, and type."""

State = Literal["loaded", "failed", "disabled", "incompatible", "quarantined"]
STATES: tuple[State, ...] = get_args(State)


def plain_guard(call: Callable[[], Any]) -> Any:
    """Call it, with no protection at all: for types that we trust, and for tests."""
    return call()


def package_and_version(package: str) -> tuple[str, str]:
    """Name and version of a package that is named as in `Offer.package`."""
    name, _, version = package.rpartition(" ")
    return (name, version) if name else (version, "")


def no_blame(package: str, type_name: str) -> None:
    """Count nothing."""
    del package, type_name


class PluginState(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one plugin.

    `types` are the names that it offers. `error` is a sentence that names package and version, empty when loaded;
    `traceback` is there when foreign code raised. Of a quarantined plugin the types that are not named in `withheld`
    can be used.
    """

    name: str
    package: str
    version: str
    state: State
    types: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    error: str = ""
    traceback: str = ""

    @property
    def distribution(self) -> str:
        """Package and version, as `Offer.package` has them."""
        return f"{self.package} {self.version}"


class Offer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A type together with the package that offers it, by name and version: `rudr-py-faas 0.1.0`.

    `schema` is the JSON Schema of its properties, `validator` checks by it and finds every mistake.
    """

    type: T
    package: str
    schema: Mapping[str, Any]
    validator: jsonschema.protocols.Validator
    guard: Guard = plain_guard
    blame: Blame = no_blame

    @property
    def name(self) -> str:
        """The type's name in documents."""
        return self.type.name

    def __repr__(self) -> str:
        # schemas and validators fill pages
        return f"Offer({self.name!r} of {self.package!r})"

    def call(self, function: Callable[..., R], *args: Any, returns: builtins.type[R]) -> R:
        """Call a method of the type.

        Raises InvalidProperties as the type raised it, and KeyboardInterrupt. Any other exception, SystemExit included,
        and a result that is no instance of `returns`, become a PluginCallError that names package and type.
        """
        try:
            result = self.guard(lambda: function(*args))
        except (InvalidProperties, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise self.fault(f"raised {_told(error)}{self._place(error)}") from error
        if not isinstance(result, returns):
            name = getattr(function, "__name__", "a call")
            raise self.fault(f"returned {result.__class__.__name__} from {name}, not {returns.__name__}")
        return result

    def load(self, given: Mapping[str, Any]) -> Any:
        """Validated properties in the form that the author declared.

        Raises ValueError when they do not fit, and PluginCallError when the author's model itself fails.
        """
        try:
            return self.guard(lambda: properties.load(self.type.properties, given))
        except (ValueError, KeyboardInterrupt):
            raise
        except BaseException as error:
            raise self.fault(f"could not read properties and raised {_told(error)}{self._place(error)}") from error

    def _place(self, error: BaseException) -> str:
        """Where in the author's code it was, by module and not by file: the sentence stands in status."""
        home = type(self.type).__module__.partition(".")[0]
        frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(error.__traceback__)]
        own = [f" at line {line} of {module}" for module, line in frames if module.partition(".")[0] == home != _OURS]
        return own[-1] if own else ""

    def fault(self, what: str) -> PluginCallError:
        """The error about a type that did `what` it must not. Whoever makes it is going to tell it: it is counted."""
        self.blame(self.package, self.name)
        return PluginCallError(
            f"{self.name} of {self.package} {what}; this is a fault of the plugin, not of the document",
            package=self.package,
            type_name=self.name,
        )


_OURS = __name__.partition(".")[0]
"""Frames of the core are in every traceback, and say nothing."""


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
    return Offer(type=type_, package=package, schema=schema, validator=dialect(schema), guard=guard)


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """All installed types, and what became of the plugins.

    The mappings hold every accepted spelling, aliases included.
    """

    workloads: Mapping[str, Offer[WorkloadType[Any]]] = msgspec.field(default_factory=dict)
    traits: Mapping[str, Offer[Trait[Any]]] = msgspec.field(default_factory=dict)
    scopes: Mapping[str, Offer[Scope[Any]]] = msgspec.field(default_factory=dict)
    plugins: tuple[PluginState, ...] = ()

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
        unused = [plugin for plugin in self.plugins if plugin.state != "loaded"]
        for plugin in unused:
            if name in (plugin.withheld or plugin.types):
                raise CatalogError(f'the {what} "{name}" cannot be used: {plugin.error}', name=name)
        known = sorted({found.name for found in mapping.values()})
        installed = f"installed are {', '.join(known)}" if known else "none is installed"
        hint = suggest.nearest(name, known) or suggest.nearest(name, mapping) or suggest.nearest_kind(name, known)
        unheard = dict.fromkeys(plugin.distribution for plugin in unused if not plugin.types)
        if unheard:
            hint += f" Not in use is {', '.join(unheard)}, which may offer it; see: rudr plugins."
        raise CatalogError(f'no installed plugin offers the {what} "{name}"; {installed}.{hint}', name=name)

    def blaming(self, blame: Blame) -> Catalog:
        """The same catalog, of which each call of a type that fails is told, too."""

        def telling(offers: Mapping[str, Offer[T]]) -> dict[str, Offer[T]]:
            changed = {id(found): msgspec.structs.replace(found, blame=blame) for found in offers.values()}
            return {name: changed[id(found)] for name, found in offers.items()}

        return msgspec.structs.replace(
            self, workloads=telling(self.workloads), traits=telling(self.traits), scopes=telling(self.scopes)
        )

    def offers(self) -> tuple[Offer[Any], ...]:
        """Every offer once, by kind of type and name."""
        unique: dict[tuple[str, str], Offer[Any]] = {}
        for label, mapping in (("1", self.workloads), ("2", self.traits), ("3", self.scopes)):
            unique.update({(label, found.name): found for found in mapping.values()})
        return tuple(unique[key] for key in sorted(unique))

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that the installed types produce or observe, each once, in a stable order."""
        kinds = {kind for found in self.offers() for kind in (*found.type.produces, *found.type.observes)}
        return tuple(sorted(kinds, key=str))

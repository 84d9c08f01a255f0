"""The catalog of installed types by name, immutable. Errors for unknown names contain the nearest name.

Nothing here loads plugins: `plugins` builds the catalog.
"""

from __future__ import annotations

import builtins
import traceback
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, Generic, Literal, TypeVar, get_args

import jsonschema
import msgspec

from rudr_py import json_schema
from rudr_py.api import Context, InvalidProperties, Kind, Scope, Trait, Type, WorkloadType, properties
from rudr_py.errors import CatalogError, PluginCallError
from rudr_py.model.advice import package_index
from rudr_py.model.advice.package_index import Category

T = TypeVar("T", bound=Type[Any])
R = TypeVar("R")

Guard = Callable[[Callable[[], Any]], Any]
"""Calls a function of a plugin so that it cannot hang or end the process; raises what the function raised."""


OWN_PACKAGE = "rudr-py"
"""The package of the standard types."""


_TITLES: Mapping[Category, str] = {"workloads": "workload type", "traits": "trait", "scopes": "scope type"}


class FailedCall(msgspec.Struct, frozen=True, kw_only=True):
    """A failed call of a type, without values: `error` is the class of an exception and its position, for example.

    `package` includes the version. `instance` is empty where the call concerns no instance.
    """

    package: str
    type_name: str
    instance: str = ""
    error: str = ""


Blame = Callable[[FailedCall], None]
"""Callback for each failed call of a type."""

State = Literal["loaded", "failed", "disabled", "incompatible", "quarantined"]
STATES: tuple[State, ...] = get_args(State)


def plain_guard(call: Callable[[], Any]) -> Any:
    """Call it without protection: for trusted types, and for tests."""
    return call()


def package_and_version(package: str) -> tuple[str, str]:
    """Split a package name in the format of `Offer.package` into name and version."""
    name, _, version = package.rpartition(" ")
    return (name, version) if name else (version, "")


def no_blame(failed_call: FailedCall) -> None:
    """Ignore the failure."""
    del failed_call


class PluginState(msgspec.Struct, frozen=True, kw_only=True):
    """The state of one plugin.

    `types` are the names of its types. `error` is a sentence with package and version, empty when loaded; `traceback`
    is set when code of the plugin raised. Types of a quarantined plugin can be used unless `withheld` contains them.
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
        """Package and version in the format of `Offer.package`."""
        return f"{self.package} {self.version}"


class Offer(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A type together with the package that provides it, by name and version: `rudr-py-faas 0.1.0`.

    `schema` is the JSON Schema of its properties; `validator` reports every error, not only the first.
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

    @property
    def is_standard(self) -> bool:
        """Whether it is a standard type, which does not modify its arguments."""
        return package_and_version(self.package)[0] == OWN_PACKAGE

    def __repr__(self) -> str:
        # schemas and validators are too long
        return f"Offer({self.name!r} of {self.package!r})"

    def call(self, function: Callable[..., R], *args: Any, returns: builtins.type[Any] | UnionType) -> R:
        """Call a method of the type.

        Raises InvalidProperties as the type raised it, and KeyboardInterrupt. Any other exception, SystemExit included,
        and a result that is no instance of `returns`, become a PluginCallError that names package and type.
        """
        try:
            result = self.guard(lambda: function(*args))
        except (InvalidProperties, KeyboardInterrupt):
            raise
        except BaseException as error:
            place = self._place(error)
            failure = f"{type(error).__name__}{place}"
            raise self.fault(f"raised {_text(error)}{place}", _context(args), failure) from error
        if not isinstance(result, returns):
            name = getattr(function, "__name__", "a call")
            expected = " or ".join(one.__name__ for one in get_args(returns) or (returns,))
            what = f"returned {result.__class__.__name__} from {name}, not {expected}"
            raise self.fault(what, _context(args))
        checked: R = result
        return checked

    def load(self, values: Mapping[str, Any]) -> Any:
        """Validated properties in the form that the author declared.

        Raises ValueError when they do not fit, and PluginCallError when the author's model itself fails.
        """
        try:
            return self.guard(lambda: properties.load(self.type.properties, values))
        except (ValueError, KeyboardInterrupt):
            raise
        except BaseException as error:
            place = self._place(error)
            failure = f"{type(error).__name__}{place}"
            raise self.fault(f"could not read properties and raised {_text(error)}{place}", error=failure) from error

    def _place(self, error: BaseException) -> str:
        """The position in the author's code, by module and not by file, because it is part of status."""
        home = type(self.type).__module__.partition(".")[0]
        frames = [(frame.f_globals.get("__name__", ""), line) for frame, line in traceback.walk_tb(error.__traceback__)]
        own = [
            f" at line {line} of {module}" for module, line in frames if module.partition(".")[0] == home != _OWN_MODULE
        ]
        return own[-1] if own else ""

    def fault(self, what: str, context: Context[Any] | None = None, error: str = "invalid result") -> PluginCallError:
        """Create the error for a failure of the type and report it to `blame`.

        `what` continues "type of package". `context` is that of the call, and `error` describes it without values.
        """
        instance = context.instance if context is not None else ""
        self.blame(FailedCall(package=self.package, type_name=self.name, instance=instance, error=error))
        return PluginCallError(
            f"{self.name} of {self.package} {what}; this is a fault of the plugin, not of the document",
            package=self.package,
            type_name=self.name,
        )


_OWN_MODULE = __name__.partition(".")[0]
"""Frames of the core are in every traceback and are left out."""


def _context(args: tuple[Any, ...]) -> Context[Any] | None:
    return next((value for value in args if isinstance(value, Context)), None)


def _text(error: BaseException) -> str:
    # not str(error), which may raise for an exception of a plugin
    return " ".join("".join(traceback.format_exception_only(error)).split())


def offer(type_: T, *, package: str, guard: Guard = plain_guard) -> Offer[T]:
    """Create the offer of a type.

    Raises TypeError when its properties have no JSON Schema, jsonschema.SchemaError when the schema is invalid.
    """
    schema = properties.schema(type_.properties)
    return Offer(type=type_, package=package, schema=schema, validator=json_schema.validator(schema), guard=guard)


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """All installed types, and the states of plugins.

    The keys of the mappings are names and aliases.
    """

    workloads: Mapping[str, Offer[WorkloadType[Any]]] = msgspec.field(default_factory=dict)
    traits: Mapping[str, Offer[Trait[Any]]] = msgspec.field(default_factory=dict)
    scopes: Mapping[str, Offer[Scope[Any]]] = msgspec.field(default_factory=dict)
    plugins: tuple[PluginState, ...] = ()

    def workload(self, name: str) -> Offer[WorkloadType[Any]]:
        """The workload type of this name. Raises CatalogError."""
        return self._find(self.workloads, name, "workloads")

    def trait(self, name: str) -> Offer[Trait[Any]]:
        """The trait of this name. Raises CatalogError."""
        return self._find(self.traits, name, "traits")

    def scope(self, name: str) -> Offer[Scope[Any]]:
        """The scope type of this name. Raises CatalogError."""
        return self._find(self.scopes, name, "scopes")

    def _find(self, mapping: Mapping[str, Offer[T]], name: str, category: Category) -> Offer[T]:
        if name in mapping:
            return mapping[name]
        what = _TITLES[category]
        unused = [plugin for plugin in self.plugins if plugin.state != "loaded"]
        for plugin in unused:
            if name in (plugin.withheld or plugin.types):
                raise CatalogError(f'the {what} "{name}" cannot be used: {plugin.error}', name=name)
        names = sorted({offer.name for offer in mapping.values()})
        installed = f"installed: {', '.join(names)}" if names else "none is installed"
        hint = package_index.nearest_type(category, name, names, mapping)
        unheard = dict.fromkeys(plugin.distribution for plugin in unused if not plugin.types)
        if unheard:
            hint += f" It may be provided by {', '.join(unheard)}, which is not in use; see: rudr plugins."
        raise CatalogError(f'no installed plugin provides the {what} "{name}"; {installed}.{hint}', name=name)

    def blaming(self, blame: Blame) -> Catalog:
        """A copy of the catalog that reports each failed call of a type to `blame`."""

        def with_blame(offers: Mapping[str, Offer[T]]) -> dict[str, Offer[T]]:
            changed = {id(offer): msgspec.structs.replace(offer, blame=blame) for offer in offers.values()}
            return {name: changed[id(offer)] for name, offer in offers.items()}

        return msgspec.structs.replace(
            self, workloads=with_blame(self.workloads), traits=with_blame(self.traits), scopes=with_blame(self.scopes)
        )

    def offers(self) -> tuple[Offer[Any], ...]:
        """Every offer once, by category and name."""
        unique: dict[tuple[str, str], Offer[Any]] = {}
        for label, mapping in (("1", self.workloads), ("2", self.traits), ("3", self.scopes)):
            unique.update({(label, offer.name): offer for offer in mapping.values()})
        return tuple(unique[key] for key in sorted(unique))

    def cluster_kinds(self) -> frozenset[Kind]:
        """The cluster-scoped kinds that the health of the installed types depends on."""
        return frozenset(kind for offer in self.offers() for kind in offer.type.observes_cluster)

    def cluster_readers(self) -> dict[str, frozenset[Kind]]:
        """The cluster-scoped kinds that the health of a trait depends on, by the names of the traits that have any."""
        kinds = {name: frozenset(offer.type.observes_cluster) for name, offer in self.traits.items()}
        return {name: observed for name, observed in kinds.items() if observed}

    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that the installed types produce or observe, each once, in a stable order."""
        kinds = {kind for offer in self.offers() for kind in (*offer.type.produces, *offer.type.observes)}
        return tuple(sorted(kinds, key=str))

    def standard_kinds(self) -> frozenset[Kind]:
        """The kinds that the standard types produce: every installation has these types."""
        offers = (offer for offer in self.offers() if offer.is_standard)
        return frozenset(kind for offer in offers for kind in offer.type.produces)

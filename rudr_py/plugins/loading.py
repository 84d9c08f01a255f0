"""One plugin at a time through one door: import it, check it, ask its hook, keep all of its types or none.

Whatever a plugin does, the others are loaded, and its own state says what was wrong in words for its author. Nothing
is logged or printed here: who calls decides how the states are told.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from rudr_py import api
from rudr_py.catalog import Catalog, Guard, Offer, PluginState, State
from rudr_py.errors import ConfigError, PluginError
from rudr_py.plugins import conflicts, guard, hook_call
from rudr_py.plugins import entry_points as discovery
from rudr_py.plugins.call_marker import CallLabel, CallMarker
from rudr_py.plugins.conflicts import Candidate
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.hook_call import IncompatibleError
from rudr_py.plugins.quarantine import Offence

LOAD_LIMIT = 30.0
"""Seconds that importing a plugin and asking its hook may take."""

REFUSED = frozenset({"failed", "incompatible", "quarantined"})


class LoadedPlugins(msgspec.Struct, frozen=True, kw_only=True):
    """The catalog of all types that can be used."""

    catalog: Catalog

    @property
    def plugins(self) -> tuple[PluginState, ...]:
        """The state of every plugin, the built-in one first."""
        return self.catalog.plugins

    @property
    def refused(self) -> tuple[PluginState, ...]:
        """The plugins that are installed and wanted, and cannot be used, or not all of their types."""
        return tuple(plugin for plugin in self.plugins if plugin.state in REFUSED)


class PluginGuard(msgspec.Struct, frozen=True):
    """What protects this process from plugins: who has ended another one, who is being called, how long it may take.

    `load_limit` are the seconds of work for importing a plugin and asking its hook.
    """

    offences: tuple[Offence, ...] = ()
    marker: CallMarker | None = None
    load_limit: float = LOAD_LIMIT

    def around(self, label: CallLabel, call_guard: Guard) -> Guard:
        """The guard, with a note of the call if there is a marker."""
        return self.marker.around(label, call_guard) if self.marker else call_guard

    def against(self, label: CallLabel) -> Offence | None:
        """The entry about a type or a plugin of just this version."""
        return next((one for one in self.offences if one.label == label), None)


NO_WARD = PluginGuard()


class _Asked(msgspec.Struct, frozen=True):
    """A plugin and what its hook gave: a state when that is the end of it, offers otherwise, less what is withheld."""

    found: InstalledPlugin
    offers: tuple[Offer[Any], ...] = ()
    state: PluginState | None = None
    withheld: tuple[Offence, ...] = ()


def installed(
    *, only: tuple[str, ...] | None = None, disabled: Mapping[str, str] | None = None, ward: PluginGuard = NO_WARD
) -> LoadedPlugins:
    """Load the built-in types and every plugin of this Python environment; see `load`."""
    return load(discovery.installed(), discovery.standard(), only=only, disabled=disabled, ward=ward)


def load(
    entry_points: Iterable[InstalledPlugin],
    builtin: InstalledPlugin | None,
    *,
    only: tuple[str, ...] | None = None,
    disabled: Mapping[str, str] | None = None,
    call_guard: Guard | None = None,
    ward: PluginGuard = NO_WARD,
) -> LoadedPlugins:
    """Load plugins, each by itself; the outcome does not depend on their order.

    `only`: names of plugins or packages; the others are not imported. `disabled`: the same, each with the reason.
    Neither touches the built-in types. `call_guard` is what later calls of the types go through. `ward` keeps types
    and plugins out that have ended a process.
    Raises ConfigError when `only` names something that is not there; a plugin never makes this raise.
    """
    others = sorted(entry_points, key=lambda found: (found.package, found.name))
    _check_known(only, others)
    everyone = (*((builtin,) if builtin else ()), *others)
    protect = call_guard or guard.within(guard.CALL_LIMIT)
    asked = [_open(found, _off(found, only, disabled or {}), protect, ward) for found in everyone]
    candidates = [
        Candidate(title=_title(one.found), offers=one.offers, builtin=one.found.builtin)
        for one in asked
        if one.state is None
    ]
    settled, clashes = conflicts.settle(candidates)
    states = tuple(one.state or _final(one, clashes) for one in asked)
    return LoadedPlugins(catalog=msgspec.structs.replace(settled, plugins=states))


def _check_known(only: tuple[str, ...] | None, others: list[InstalledPlugin]) -> None:
    known = {name for found in others for name in (found.name, found.package)}
    missing = sorted(set(only or ()) - known)
    if missing:
        there = ", ".join(sorted({found.name for found in others})) or "none"
        raise ConfigError(f"no plugin called {', '.join(missing)} is installed; installed are: {there}")


def _off(found: InstalledPlugin, only: tuple[str, ...] | None, disabled: Mapping[str, str]) -> str:
    """Why a plugin is not wanted, or ""."""
    if found.builtin:
        return ""
    for name in (found.name, found.package):
        if name in disabled:
            return disabled[name] or "disabled"
    wanted = only is None or found.name in only or found.package in only
    return "" if wanted else "not among the plugins that were asked for"


def _title(found: InstalledPlugin) -> str:
    return f"{found.distribution} (plugin {found.name})"


def _open(found: InstalledPlugin, off: str, call_guard: Guard, ward: PluginGuard) -> _Asked:
    """Take one plugin through the door; whatever it does ends in a state."""
    if off:
        return _Asked(found, state=_state(found, "disabled", error=f"{_title(found)} is disabled: {off}"))
    label = CallLabel("plugin", found.name, found.distribution)
    offence = ward.against(label)
    if offence is not None:
        return _Asked(found, state=_state(found, "quarantined", error=f"{_title(found)} is {offence.reason}"))
    own = found.builtin
    protected = guard.within(LOAD_LIMIT) if own else ward.around(label, guard.within(ward.load_limit))
    try:
        offers = protected(lambda: hook_call.offers(found, call_guard))
    except KeyboardInterrupt:
        raise
    except IncompatibleError as error:
        return _Asked(found, state=_state(found, "incompatible", error=f"{_title(found)} {error}"))
    except PluginError as error:
        return _Asked(found, state=_state(found, "failed", error=f"{_title(found)} {error}"))
    except BaseException as error:  # noqa: BLE001 - one plugin must not harm another; SystemExit and the like included
        return _Asked(found, state=_raised(found, error))
    return _Asked(found, offers=offers) if found.builtin else _warded(found, offers, ward)


def _warded(found: InstalledPlugin, offers: tuple[Offer[Any], ...], ward: PluginGuard) -> _Asked:
    """The offers, less those on the list; calls of the others are noted."""
    labels = {offer.name: CallLabel("type", offer.name, found.distribution) for offer in offers}
    offences = {name: ward.against(label) for name, label in labels.items()}
    free = tuple(
        msgspec.structs.replace(offer, guard=ward.around(labels[offer.name], offer.guard))
        for offer in offers
        if offences[offer.name] is None
    )
    return _Asked(found, free, withheld=tuple(offence for offence in offences.values() if offence is not None))


def _raised(found: InstalledPlugin, error: BaseException) -> PluginState:
    what = " ".join("".join(traceback.format_exception_only(error)).split())
    story = "".join(traceback.format_exception(error))
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "rudr_py":
        text = f"is made for another rudr-py than {api.API_VERSION} of the plugin API: {what}"
        return _state(found, "incompatible", error=f"{_title(found)} {text}", traceback=story)
    return _state(found, "failed", error=f"{_title(found)} cannot be loaded: {what}", traceback=story)


def _state(found: InstalledPlugin, state: State, **fields: Any) -> PluginState:
    return PluginState(name=found.name, package=found.package, version=found.version, state=state, **fields)


def _final(one: _Asked, clashes: Mapping[str, str]) -> PluginState:
    withheld = tuple(sorted(offence.label.name for offence in one.withheld))
    names = tuple(sorted((*(offer.name for offer in one.offers), *withheld)))
    clash = clashes.get(_title(one.found))
    if clash is not None:
        return _state(one.found, "failed", types=names, error=f"{_title(one.found)} {clash}")
    if withheld:
        told = "; ".join(f'its type "{offence.label.name}" is {offence.reason}' for offence in one.withheld)
        error = f"{_title(one.found)} is not used as a whole: {told}"
        return _state(one.found, "quarantined", types=names, withheld=withheld, error=error)
    return _state(one.found, "loaded", types=names)

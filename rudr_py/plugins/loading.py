"""Loads plugins, each in isolation: imports it, calls its hook, checks its types, and uses all of them or none.

A failure does not affect other plugins; the state of the plugin contains the error for its author. Nothing is logged or
printed here: the caller reports the states.
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
"""The limit for importing a plugin and calling its hook, in seconds."""

REFUSED = frozenset({"failed", "incompatible", "quarantined"})


class LoadedPlugins(msgspec.Struct, frozen=True, kw_only=True):
    """The catalog of all valid types, and the states of plugins."""

    catalog: Catalog

    @property
    def plugins(self) -> tuple[PluginState, ...]:
        """The state of every plugin, the built-in one first."""
        return self.catalog.plugins

    @property
    def refused(self) -> tuple[PluginState, ...]:
        """The enabled plugins that cannot be used, completely or in part."""
        return tuple(plugin for plugin in self.plugins if plugin.state in REFUSED)


class PluginGuard(msgspec.Struct, frozen=True):
    """Protection of this process from plugins.

    `offences`: types and plugins that ended an earlier process. `marker` records calls. `load_limit`: seconds of CPU
    time for importing a plugin and calling its hook.
    """

    offences: tuple[Offence, ...] = ()
    marker: CallMarker | None = None
    load_limit: float = LOAD_LIMIT

    def around(self, label: CallLabel, call_guard: Guard) -> Guard:
        """A guard that also records the call, if there is a marker."""
        return self.marker.around(label, call_guard) if self.marker else call_guard

    def against(self, label: CallLabel) -> Offence | None:
        """The entry for a type or a plugin of exactly this version, if any."""
        return next((one for one in self.offences if one.label == label), None)


NO_GUARD = PluginGuard()


class _Answer(msgspec.Struct, frozen=True):
    """The result for a plugin: a final state, or the offers without those of quarantined types (`withheld`)."""

    plugin: InstalledPlugin
    offers: tuple[Offer[Any], ...] = ()
    state: PluginState | None = None
    withheld: tuple[Offence, ...] = ()


def installed(
    *,
    only: tuple[str, ...] | None = None,
    disabled: Mapping[str, str] | None = None,
    plugin_guard: PluginGuard = NO_GUARD,
) -> LoadedPlugins:
    """Load the built-in types and every plugin of this Python environment. Arguments and errors as for `load`."""
    return load(discovery.installed(), discovery.standard(), only=only, disabled=disabled, plugin_guard=plugin_guard)


def load(
    entry_points: Iterable[InstalledPlugin],
    builtin_plugin: InstalledPlugin | None,
    *,
    only: tuple[str, ...] | None = None,
    disabled: Mapping[str, str] | None = None,
    call_guard: Guard | None = None,
    plugin_guard: PluginGuard = NO_GUARD,
) -> LoadedPlugins:
    """Load plugins, each in isolation; the result does not depend on their order.

    `only`: names of plugins or packages; all other plugins are not imported. `disabled`: names of those to exclude,
    with the reason. Neither affects the built-in types. `call_guard` wraps later calls of the types. `plugin_guard`
    excludes types and plugins that ended an earlier process.
    Raises ConfigError when `only` contains an unknown name; a failure of a plugin never raises.
    """
    others = sorted(entry_points, key=lambda plugin: (plugin.package, plugin.name))
    _check_known(only, others)
    everyone = (*((builtin_plugin,) if builtin_plugin else ()), *others)
    protect = call_guard or guard.within(guard.CALL_LIMIT)
    answers = [_open(plugin, _off(plugin, only, disabled or {}), protect, plugin_guard) for plugin in everyone]
    candidates = [
        Candidate(title=_title(answer.plugin), offers=answer.offers, builtin=answer.plugin.builtin)
        for answer in answers
        if answer.state is None
    ]
    settled, clashes = conflicts.settle(candidates)
    states = tuple(answer.state or _final(answer, clashes) for answer in answers)
    return LoadedPlugins(catalog=msgspec.structs.replace(settled, plugins=states))


def _check_known(only: tuple[str, ...] | None, others: list[InstalledPlugin]) -> None:
    names = {name for plugin in others for name in (plugin.name, plugin.package)}
    missing = sorted(set(only or ()) - names)
    if missing:
        there = ", ".join(sorted({plugin.name for plugin in others})) or "none"
        raise ConfigError(f"no plugin named {', '.join(missing)} is installed; installed plugins: {there}")


def _off(plugin: InstalledPlugin, only: tuple[str, ...] | None, disabled: Mapping[str, str]) -> str:
    """The reason that a plugin is disabled, or ""."""
    if plugin.builtin:
        return ""
    for name in (plugin.name, plugin.package):
        if name in disabled:
            return disabled[name] or "disabled"
    chosen = only is None or plugin.name in only or plugin.package in only
    return "" if chosen else "not among the selected plugins"


def _title(plugin: InstalledPlugin) -> str:
    return f"{plugin.distribution} (plugin {plugin.name})"


def _open(plugin: InstalledPlugin, off: str, call_guard: Guard, plugin_guard: PluginGuard) -> _Answer:
    """Load one plugin; every failure results in a state."""
    if off:
        return _Answer(plugin, state=_state(plugin, "disabled", error=f"{_title(plugin)} is disabled: {off}"))
    label = CallLabel("plugin", plugin.name, plugin.distribution)
    offence = plugin_guard.against(label)
    if offence is not None:
        return _Answer(plugin, state=_state(plugin, "quarantined", error=f"{_title(plugin)} is {offence.reason}"))
    own = plugin.builtin
    protected = guard.within(LOAD_LIMIT) if own else plugin_guard.around(label, guard.within(plugin_guard.load_limit))
    try:
        offers = protected(lambda: hook_call.offers(plugin, call_guard))
    except KeyboardInterrupt:
        raise
    except IncompatibleError as error:
        return _Answer(plugin, state=_state(plugin, "incompatible", error=f"{_title(plugin)} {error}"))
    except PluginError as error:
        return _Answer(plugin, state=_state(plugin, "failed", error=f"{_title(plugin)} {error}"))
    except BaseException as error:  # noqa: BLE001 - a plugin must not affect another, even with SystemExit
        return _Answer(plugin, state=_raised(plugin, error))
    return _Answer(plugin, offers=offers) if plugin.builtin else _guarded(plugin, offers, plugin_guard)


def _guarded(plugin: InstalledPlugin, offers: tuple[Offer[Any], ...], plugin_guard: PluginGuard) -> _Answer:
    """The offers without quarantined types; calls of the remaining types are recorded."""
    labels = {offer.name: CallLabel("type", offer.name, plugin.distribution) for offer in offers}
    offences = {name: plugin_guard.against(label) for name, label in labels.items()}
    free = tuple(
        msgspec.structs.replace(offer, guard=plugin_guard.around(labels[offer.name], offer.guard))
        for offer in offers
        if offences[offer.name] is None
    )
    return _Answer(plugin, free, withheld=tuple(offence for offence in offences.values() if offence is not None))


def _raised(plugin: InstalledPlugin, error: BaseException) -> PluginState:
    what = " ".join("".join(traceback.format_exception_only(error)).split())
    story = "".join(traceback.format_exception(error))
    if isinstance(error, ImportError) and (error.name or "").partition(".")[0] == "rudr_py":
        text = f"requires another version of the plugin API than {api.API_VERSION}: {what}"
        return _state(plugin, "incompatible", error=f"{_title(plugin)} {text}", traceback=story)
    return _state(plugin, "failed", error=f"{_title(plugin)} cannot be loaded: {what}", traceback=story)


def _state(plugin: InstalledPlugin, state: State, **fields: Any) -> PluginState:
    return PluginState(name=plugin.name, package=plugin.package, version=plugin.version, state=state, **fields)


def _final(answer: _Answer, clashes: Mapping[str, str]) -> PluginState:
    withheld = tuple(sorted(offence.label.name for offence in answer.withheld))
    names = tuple(sorted((*(offer.name for offer in answer.offers), *withheld)))
    clash = clashes.get(_title(answer.plugin))
    if clash is not None:
        return _state(answer.plugin, "failed", types=names, error=f"{_title(answer.plugin)} {clash}")
    if withheld:
        reasons = "; ".join(f'its type "{offence.label.name}" is {offence.reason}' for offence in answer.withheld)
        error = f"{_title(answer.plugin)} is only partly used: {reasons}"
        return _state(answer.plugin, "quarantined", types=names, withheld=withheld, error=error)
    return _state(answer.plugin, "loaded", types=names)

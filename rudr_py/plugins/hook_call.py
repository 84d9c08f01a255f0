"""Ask one plugin what it offers: import it, find its hook, call it, check every type. All or nothing.

What the plugin raises passes through; `loading` isolates it and tells it.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Mapping
from typing import Any

import pluggy

from rudr_py import catalog, hookspecs
from rudr_py.catalog import Guard, Offer
from rudr_py.errors import PluginError
from rudr_py.plugins import conflicts, declaration_checks
from rudr_py.plugins.entry_points import InstalledPlugin

MOST = 1000
"""The types that one plugin may offer: a generator without end must not fill the memory."""


class IncompatibleError(PluginError):
    """The plugin is made for another version of the plugin API."""


def offers(found: InstalledPlugin, call_guard: Guard) -> tuple[Offer[Any], ...]:
    """Import a plugin, ask its hook, check every type. Raises PluginError, and whatever the plugin raises."""
    plugin = found.load()
    _check_version(found, plugin)
    types = _ask(found, plugin)
    for one in types:
        _check_version(found, one)
    wrong = [f"{declaration_checks.label(one)} {fault}" for one in types for fault in declaration_checks.faults(one)]
    if not wrong and not found.builtin:
        wrong = [
            f"{declaration_checks.label(one)} {fault}" for one in types for fault in declaration_checks.trespasses(one)
        ]
    if wrong:
        raise PluginError("offers a type that cannot be used: " + "; ".join(wrong), package=found.distribution)
    offered = tuple(catalog.offer(one, package=found.distribution, guard=call_guard) for one in types)
    twice = conflicts.repeated(offered)
    if twice:
        raise PluginError(f'offers the name "{twice}" twice', package=found.distribution)
    return offered


def _check_version(found: InstalledPlugin, declaring: object) -> None:
    declared = getattr(declaring, "RUDR_API_VERSION", None)
    why = declaration_checks.incompatible(declared) if declared is not None else ""
    if why:
        raise IncompatibleError(why, package=found.distribution)


def _manager(found: InstalledPlugin, plugin: object) -> pluggy.PluginManager:
    """A manager of its own for each plugin: nothing that one registers can stay behind or reach another."""
    manager = pluggy.PluginManager("rudr_py")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(plugin, name=found.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        what = "has a hook that rudr-py does not know; the only one is rudr_register_types(), which takes nothing"
        raise PluginError(f"{what}: {error}", package=found.distribution) from error
    return manager


def _ask(found: InstalledPlugin, plugin: object) -> list[Any]:
    """Call the hook. Raises PluginError when there is none, or what it returns is no list of anything."""
    hook = _manager(found, plugin).hook.rudr_register_types
    functions = [implementation.function for implementation in hook.get_hookimpls()]
    if not functions:
        raise PluginError(
            "has no function rudr_register_types with @hookimpl; the entry point must name the module that has it",
            package=found.distribution,
        )
    if any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in functions):
        raise PluginError("has an async rudr_register_types; the hook is synchronous", package=found.distribution)
    results = hook()
    if not results:
        raise PluginError("returned None from rudr_register_types; return a list of types", package=found.distribution)
    answer = results[0]
    if inspect.iscoroutine(answer):
        answer.close()
    if isinstance(answer, (str, bytes, Mapping)) or not isinstance(answer, Iterable):
        raise PluginError(
            f"returned {type(answer).__name__} from rudr_register_types, not a list of types",
            package=found.distribution,
        )
    types = list(itertools.islice(answer, MOST + 1))
    if len(types) > MOST:
        raise PluginError(f"returned more than {MOST} types from rudr_register_types", package=found.distribution)
    return types

"""Gets the types of one plugin: imports it, calls its hook, checks every type. All types are valid, or none is used.

Exceptions of the plugin pass through; `loading` catches and reports them.
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
"""The maximum number of types of one plugin: an endless generator must not exhaust the memory."""


class IncompatibleError(PluginError):
    """The plugin requires another version of the plugin API."""


def offers(plugin: InstalledPlugin, call_guard: Guard) -> tuple[Offer[Any], ...]:
    """Import a plugin, call its hook, check every type. Raises PluginError, and any exception of the plugin."""
    module = plugin.load()
    _check_version(plugin, module)
    types = _ask(plugin, module)
    for one in types:
        _check_version(plugin, one)
    wrong = [f"{declaration_checks.label(one)} {fault}" for one in types for fault in declaration_checks.faults(one)]
    if not wrong and not plugin.builtin:
        wrong = [
            f"{declaration_checks.label(one)} {fault}" for one in types for fault in declaration_checks.trespasses(one)
        ]
    if wrong:
        raise PluginError("provides an invalid type: " + "; ".join(wrong), package=plugin.distribution)
    offered = tuple(catalog.offer(one, package=plugin.distribution, guard=call_guard) for one in types)
    twice = conflicts.repeated(offered)
    if twice:
        raise PluginError(f'provides the name "{twice}" twice', package=plugin.distribution)
    return offered


def _check_version(plugin: InstalledPlugin, declaring: object) -> None:
    declared = getattr(declaring, "RUDR_API_VERSION", None)
    why = declaration_checks.incompatible(declared) if declared is not None else ""
    if why:
        raise IncompatibleError(why, package=plugin.distribution)


def _manager(plugin: InstalledPlugin, module: object) -> pluggy.PluginManager:
    """A separate manager for each plugin, so that registrations cannot affect another plugin."""
    manager = pluggy.PluginManager("rudr_py")
    manager.add_hookspecs(hookspecs)
    try:
        manager.register(module, name=plugin.name)
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        what = "implements an unknown hook; the only one is rudr_register_types(), without parameters"
        raise PluginError(f"{what}: {error}", package=plugin.distribution) from error
    return manager


def _ask(plugin: InstalledPlugin, module: object) -> list[Any]:
    """Call the hook. Raises PluginError when it is absent, or its result is not a list."""
    hook = _manager(plugin, module).hook.rudr_register_types
    functions = [implementation.function for implementation in hook.get_hookimpls()]
    if not functions:
        raise PluginError(
            "has no function rudr_register_types with @hookimpl; the entry point must name the module that has it",
            package=plugin.distribution,
        )
    if any(inspect.iscoroutinefunction(one) or inspect.isasyncgenfunction(one) for one in functions):
        raise PluginError("has an async rudr_register_types; the hook is synchronous", package=plugin.distribution)
    results = hook()
    if not results:
        raise PluginError("returned None from rudr_register_types; return a list of types", package=plugin.distribution)
    answer = results[0]
    if inspect.iscoroutine(answer):
        answer.close()
    if isinstance(answer, (str, bytes, Mapping)) or not isinstance(answer, Iterable):
        raise PluginError(
            f"returned {type(answer).__name__} from rudr_register_types, not a list of types",
            package=plugin.distribution,
        )
    types = list(itertools.islice(answer, MOST + 1))
    if len(types) > MOST:
        raise PluginError(f"returned more than {MOST} types from rudr_register_types", package=plugin.distribution)
    return types

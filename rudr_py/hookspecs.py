"""The one hook of a plugin: a manual page. Called once, at start, never per event; nothing else is hooked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from rudr_py.api import Type

hookspec = pluggy.HookspecMarker("rudr_py")


@hookspec
def rudr_register_types() -> Iterable[Type[Any]]:
    """Offer the types of this plugin.

    When: once, while the process starts, before anything is watched; each plugin is asked by itself.

    Return instances of `Trait`, `WorkloadType` and `Scope`, any number, in any order.

    Guarantees: all types of a plugin can be used, or none; the order of plugins decides nothing.
    Assumptions: the module imports, and the hook answers, within 30 s, without a cluster and without a network.
    Errors: an exception, something that is no type, a type without a name, a schema that is none, or a name that
    another package offers already (unless the type declares `replaces`) refuses the whole plugin with a message
    that names its package and version; the other plugins are loaded all the same.
    """
    return ()

"""The one hook of a plugin, called once, at start."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pluggy

from rudr_py.api import Type

hookspec = pluggy.HookspecMarker("rudr_py")


@hookspec
def rudr_register_types() -> Iterable[Type[Any]]:
    """Return the types of this plugin: instances of `Trait`, `WorkloadType` and `Scope`, in any order.

    When: once, while the process starts, before any watch; each plugin is called separately.

    Guarantees: all types of a plugin are used, or none; the order of plugins has no effect.
    Assumptions: the import of the module and the hook return within 30 s, without a cluster and without a network.
    Errors: an exception, an object that is not a type, a type without a name, an invalid schema, or a name that another
    package provides (unless the type declares `replaces`) disables the whole plugin, with a message that contains its
    package and version; other plugins are not affected.
    """
    return ()

"""The order of the instances of an application, for rudr_py.

depends_on  depends-on: an instance waits until others are ready or complete
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_order.depends_on import DependsOn

RUDR_API_VERSION = "1.1"
__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    """The trait depends-on."""
    return [DependsOn()]

"""Scaling by events for rudr_py, with KEDA.

event_scaler  the trait event-scaler: a ScaledObject, and its own TriggerAuthentications
properties    the properties: the fields of a ScaledObject
checks        properties that KEDA refuses, and credentials in plain text
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_keda.event_scaler import EventScaler

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    """The trait."""
    return [EventScaler()]

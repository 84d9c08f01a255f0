"""Counts the work of a call in bytecode instructions, which is the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any, Final

from rudr_py.model.application import Application
from rudr_py.model.identity import Metadata
from rudr_py.model.parse.application import parse_application
from rudr_py.model.parse.component import parse_component
from rudr_py.render import render
from rudr_py.render.scopes import membership
from rudr_py.render.status import status
from rudr_py.render.status.conditions import SyncState
from rudr_py.render.values.inputs import NOTHING, Inputs
from rudr_py.render.values.plan import Plan
from rudr_py.settings import DEFAULT_LIMITS, Limits
from rudr_py.testing import rendering
from tests.limits.shapes import Documents

NO_LIMITS: Final = Limits(**dict.fromkeys((name for name in Limits.__struct_fields__ if name != "problems"), 10**9))

CATALOG = rendering.catalog(())


def instructions(function: Callable[[], object]) -> int:
    """The number of bytecode instructions that a call executes."""
    count = 0

    def local(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        count += event == "opcode"
        return local

    def enter(frame: FrameType, _event: str, _argument: Any) -> Any:
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        return local

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        function()
    finally:
        sys.settrace(before)
    return count


def inputs(documents: Documents, limits: Limits = DEFAULT_LIMITS) -> Inputs:
    """The inputs of rendering for an application and its components."""
    parsed = parse_application(documents[0], limits=limits)
    application = parsed.value or Application(metadata=Metadata(name="large"))
    return Inputs(
        application=application,
        parsed=parsed,
        components={
            document["metadata"]["name"]: parse_component(document, limits=limits) for document in documents[1:]
        },
        now=rendering.NOW,
        scopes_of=membership.declared((application,)),
        limits=limits,
    )


def plan(documents: Documents, limits: Limits = DEFAULT_LIMITS) -> Plan:
    """The plan of an application."""
    return render.render(inputs(documents, limits), CATALOG)


def status_of(documents: Documents, limits: Limits = DEFAULT_LIMITS) -> dict[str, Any]:
    """The status of an application that was never applied."""
    given = inputs(documents, limits)
    previous = status.read_previous({})
    rendered = render.render(given, CATALOG)
    full = status.status(rendered, given, NOTHING, SyncState(state="True", reason="Synced"), previous)
    return status.bounded(full, previous)

"""The log lines about changes of objects and of applications: constant messages with fields.

Every write of the controller is logged here after the server has answered it. A line names objects, reasons and
managers and never contains values of a document. The fields of the reconcile are added by `log_context`.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any, Literal

from rudr_py.api import Ref
from rudr_py.catalog import FailedCall
from rudr_py.controller.results import log_context
from rudr_py.kube.live_object import LiveObject

log = logging.getLogger(__name__)

Event = Literal["created", "changed", "reverted", "adopted", "deleted", "handed-over"]

MESSAGES: Mapping[Event, str] = {
    "created": "created object",
    "changed": "changed object",
    "reverted": "reverted object",
    "adopted": "adopted object",
    "deleted": "deleted object",
    "handed-over": "changed the managers of fields",
}

CONDITION = "condition"
CONDITION_MESSAGES: Mapping[tuple[str, str], str] = {
    ("Valid", "True"): "application became valid",
    ("Valid", "False"): "application became invalid",
    ("Ready", "True"): "application became ready",
    ("Ready", "False"): "application became not ready",
}
OTHER_CONDITION = "condition of application changed"

CONTESTED = "contested"
PLUGIN_FAULT = "plugin-fault"
STATUS_REFUSED = "status-refused"


def changed(event: Event, ref: Ref, *, application: str = "", instance: str = "", **fields: str) -> None:
    """Log the write of one object. Fields without a value are left out."""
    named = {"application": application, "instance": instance, "object": str(ref), **fields}
    log.info(MESSAGES[event], extra={"event": event, **{name: value for name, value in named.items() if value}})


def contested(ref: Ref, *, application: str, instance: str, managers: str) -> None:
    """Log that an object is not reverted for a while, because another client keeps changing it."""
    fields = {"application": application, "instance": instance, "object": str(ref), "managers": managers}
    extra = {"event": CONTESTED, **{name: value for name, value in fields.items() if value}}
    log.warning("another client keeps changing object", extra=extra)


def condition(application: str, condition: Mapping[str, Any]) -> None:
    """Log the change of a condition without its message, which may contain values of parameters."""
    type_, status = str(condition["type"]), str(condition["status"])
    message = CONDITION_MESSAGES.get((type_, status), OTHER_CONDITION)
    extra = {
        "event": CONDITION,
        "application": application,
        "condition": type_,
        "status": status,
        "reason": str(condition["reason"]),
    }
    log.info(message, extra=extra)


def status_refused(application: str, error: str) -> None:
    """Log that the status of an application cannot be written, because its document violates the schema."""
    log.warning(
        "status refused by the API server",
        extra={"event": STATUS_REFUSED, "application": application, "error": log_context.without_values(error)},
    )


def plugin_fault(failed_call: FailedCall) -> None:
    """Log the failed call of a plugin's type, once per reconcile."""
    if not log_context.is_first(failed_call):
        return
    fields = {
        "application": log_context.fields().get("name", ""),
        "instance": failed_call.instance,
        "plugin": failed_call.package,
        "type": failed_call.type_name,
        "error": log_context.without_values(failed_call.error),
    }
    log.info("plugin failed", extra={"event": PLUGIN_FAULT, **{name: value for name, value in fields.items() if value}})


def differs(old: LiveObject | None, new: LiveObject) -> bool:
    """Whether a write has changed more than the status of an object. `old` may be older than the write."""
    if old is None or old.uid != new.uid:
        return True
    if old.resource_version == new.resource_version:
        return False
    return (old.digest, old.held) != (new.digest, new.held) or _content(old) != _content(new)


def _content(live: LiveObject) -> dict[str, Any]:
    document = live.document()
    document.pop("status", None)
    document["metadata"].pop("resourceVersion", None)
    return document

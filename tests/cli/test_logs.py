"""Log lines carry their fields and the reconcile's id, as JSON or as text."""

from __future__ import annotations

import json
import logging

from rudr_py.cli import logs
from rudr_py.controller.runner import reconcile_id


def record(**extra: object) -> logging.LogRecord:
    made = logging.getLogger("rudr_py.x").makeRecord("rudr_py.x", logging.INFO, "f", 1, "object pruned", (), None)
    vars(made).update(extra)
    return made


def test_json_has_the_names_of_controller_runtime() -> None:
    token = reconcile_id.set("0000002a")
    try:
        line = json.loads(logs.JsonFormatter().format(record(object="service/web")))
    finally:
        reconcile_id.reset(token)
    assert (line["level"], line["logger"], line["msg"]) == ("info", "rudr_py.x", "object pruned")
    assert (line["object"], line["reconcileID"]) == ("service/web", "0000002a")


def test_text_ends_in_the_fields() -> None:
    assert logs.TextFormatter().format(record(object="service/web")).endswith("object pruned object=service/web")


def test_a_field_that_is_no_json_does_not_lose_the_line() -> None:
    assert "object pruned" in logs.JsonFormatter().format(record(object=object()))

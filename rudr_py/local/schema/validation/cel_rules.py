"""CEL rules of a CRD (`x-kubernetes-validations`), with the messages of the real server.

The evaluator is the optional package `common-expression-language`; without it no rule is evaluated. A rule that uses an
extension of Kubernetes that the package lacks (quantities, addresses, optional values) is not evaluated either, and
rejects no object. Costs are not counted. Source: apiextensions-apiserver, pkg/apiserver/schema/cel.
"""

from __future__ import annotations

import functools
import json
import logging
import re
from collections.abc import Iterator
from typing import Any

from rudr_py.errors import Cause
from rudr_py.local.schema.node import SchemaNode

try:
    import cel
    from cel import stdlib
except ImportError:  # the extra `local` was installed without it
    AVAILABLE = False
else:
    AVAILABLE = True

logger = logging.getLogger(__name__)

_NO_OLD_VALUE = object()
"""Marks the absence of an old value."""

_BLOCKING_REASONS = frozenset(
    {
        "FieldValueNotSupported",
        "FieldValueRequired",
        "FieldValueTooLong",
        "FieldValueTooMany",
        "FieldValueTypeInvalid",
    }
)
_RULES_SKIPPED = (
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)
_OLD = re.compile(r"\boldSelf\b")
_RESERVED = frozenset(
    {
        "true", "false", "null", "in", "as", "break", "const", "continue", "else", "for", "function", "if", "import",
        "let", "loop", "package", "namespace", "return", "var", "void", "while",
    }
)  # fmt: skip
_ESCAPES = (("__", "__underscores__"), (".", "__dot__"), ("-", "__dash__"), ("/", "__slash__"))


class _NotEvaluatedError(Exception):
    """The rule uses a feature that the evaluator does not have."""


def causes(obj: Any, old: Any, node: SchemaNode, schema_causes: list[Cause]) -> list[Cause]:
    """Return the causes for which the rules of a schema reject an object; `old` is None if it is new.

    `schema_causes` are those of the schema itself. If some of them prevent evaluation, one cause states that.
    """
    if not AVAILABLE or not node.ruled:
        return []
    if any(cause.reason in _BLOCKING_REASONS for cause in schema_causes):
        return [Cause(reason="FieldValueInvalid", message=_RULES_SKIPPED, field="<nil>")]
    return list(_walk(obj, _NO_OLD_VALUE if old is None else old, node, ""))


def _walk(value: Any, old: Any, node: SchemaNode, path: str) -> Iterator[Cause]:
    if not node.ruled or value is None:
        return
    for rule in node.rules:
        yield from _violations(rule, value, old, node, path)
    if isinstance(value, dict):
        for key, child in value.items():
            below = node.properties.get(key)
            before = old.get(key, _NO_OLD_VALUE) if isinstance(old, dict) else _NO_OLD_VALUE
            if below is not None:
                yield from _walk(child, before, below, f"{path}.{key}" if path else key)
            elif node.additional_node is not None:
                yield from _walk(child, before, node.additional_node, f"{path}[{key}]")
    elif isinstance(value, list) and node.items is not None:
        old_items = _by_key(old, node)
        for index, child in enumerate(value):
            yield from _walk(child, old_items.get(_key(child, node), _NO_OLD_VALUE), node.items, f"{path}[{index}]")


def _by_key(old: Any, node: SchemaNode) -> dict[Any, Any]:
    """Return the old items of a keyed list by key; items of other lists cannot be matched."""
    if node.list_type != "map" or not isinstance(old, list):
        return {}
    return {_key(each, node): each for each in old}


def _key(item: Any, node: SchemaNode) -> Any:
    if node.list_type != "map" or not isinstance(item, dict):
        return None
    return tuple(json.dumps(item.get(key)) for key in node.list_keys)


def _violations(rule: dict[str, Any], value: Any, old: Any, node: SchemaNode, path: str) -> Iterator[Cause]:
    text = rule["rule"].strip()
    transition = bool(_OLD.search(text))
    if transition and old is _NO_OLD_VALUE:
        return
    variables = {"self": _cel_value(value, node)}
    if transition:
        variables["oldSelf"] = _cel_value(old, node)
    reason = rule.get("reason") or "FieldValueInvalid"
    message = rule.get("message") or f"failed rule: {text}"
    try:
        if _evaluate(text, variables) is not False:
            return
        if rule.get("messageExpression"):
            message = _message(rule["messageExpression"], variables) or message
    except _NotEvaluatedError as error:
        logger.debug("a rule of a schema was not evaluated", extra={"rule": text, "error": str(error)})
        return
    except KeyError as error:
        detail = f'"object": no such key: {error.args[0]} evaluating rule: {rule.get("message") or text}'
        yield Cause(reason="FieldValueInvalid", message=f"Invalid value: {detail}", field=path)
        return
    yield Cause(reason=reason, message=_formatted(reason, value, message), field=path + rule.get("fieldPath", ""))


def _formatted(reason: str, value: Any, message: str) -> str:
    if reason == "FieldValueForbidden":
        return f"Forbidden: {message}"
    if reason == "FieldValueRequired":
        return f"Required value: {message}"
    quoted = "" if isinstance(value, dict | list) else f"{json.dumps(value, ensure_ascii=False)}: "
    kind = "Duplicate value" if reason == "FieldValueDuplicate" else "Invalid value"
    return f"{kind}: {quoted}{message}"


def _message(expression: str, variables: dict[str, Any]) -> str:
    try:
        text = _evaluate(expression, variables)
    except (KeyError, _NotEvaluatedError):
        return ""
    return text if isinstance(text, str) and text.strip() and "\n" not in text else ""


@functools.lru_cache(maxsize=1024)
def _program(text: str) -> Any:
    try:
        return cel.compile(text)
    except (ValueError, RuntimeError) as error:
        return error


def _evaluate(text: str, variables: dict[str, Any]) -> Any:
    """Evaluate an expression. Raises KeyError for an absent field, and `_NotEvaluatedError`."""
    program = _program(text)
    if isinstance(program, Exception):
        raise _NotEvaluatedError(str(program))
    try:
        return program.execute(variables)
    except KeyError:
        raise
    except Exception as error:
        # the evaluator raises various exceptions; an unsupported rule must not reject an object
        if "Undefined" not in str(error):
            raise _NotEvaluatedError(str(error)) from error
    try:
        context = cel.Context(variables=variables)
        stdlib.add_stdlib_to_context(context)
        return program.execute(context)
    except KeyError:
        raise
    except Exception as error:
        # as above
        raise _NotEvaluatedError(str(error)) from error


def _cel_value(value: Any, node: SchemaNode) -> Any:
    """Return a value for the evaluator: field names escaped, numbers of the type in the schema."""
    if isinstance(value, dict):
        fields = {}
        for key, child in value.items():
            below = node.properties.get(key)
            if child is None and node.properties:
                # for rules a null field is absent
                continue
            if below is None:
                fields[key] = child if node.additional_node is None else _cel_value(child, node.additional_node)
            else:
                fields[_escaped(key)] = _cel_value(child, below)
        return fields
    if isinstance(value, list) and node.items is not None:
        return [_cel_value(each, node.items) for each in value]
    if node.type == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _escaped(name: str) -> str:
    if name in _RESERVED:
        return f"__{name}__"
    for text, escape in _ESCAPES:
        name = name.replace(text, escape)
    return name

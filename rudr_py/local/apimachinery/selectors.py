"""Label and field selectors, parsed into predicates over objects. Pure.

The grammar is that of `labelSelector` (set-based) and `fieldSelector` (equality only) of a list request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from rudr_py.errors import ApiError
from rudr_py.local.apimachinery import api_errors, object_meta

Predicate = Callable[[Mapping[str, Any]], bool]
LabelPredicate = Callable[[Mapping[str, str]], bool]

_TOKEN = re.compile(r"(==|!=|=|!|<|>|\(|\)|,|[^\s=!<>(),]+)")
_OPERATORS = frozenset({"==", "!=", "=", "!", "<", ">", "(", ")", ","})
_NO_TERM = _OPERATORS - {"!"}
_EMPTY: Mapping[str, str] = {}


def labels(text: str) -> LabelPredicate:
    """Return a predicate for a selector such as `a=b,c in (d,e),!f`. Raises `ApiError` (400)."""
    return _Parser(text).parse()


def match_labels(selector: Mapping[str, Any]) -> str:
    """Return a LabelSelector (`matchLabels`, `matchExpressions`) as text."""
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for expression in selector.get("matchExpressions") or ():
        key, operator, values = expression["key"], expression["operator"], sorted(expression.get("values") or ())
        if operator in ("In", "NotIn"):
            parts.append(f"{key} {operator.lower()} ({','.join(values)})")
        else:
            parts.append(key if operator == "Exists" else f"!{key}")
    return ",".join(parts)


class _Parser:
    """Recursive descent over the tokens of one label selector."""

    def __init__(self, text: str) -> None:
        self.tokens = _TOKEN.findall(text)
        self.position = 0

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def next(self) -> str:
        token = self.peek()
        self.position += 1
        return token

    def parse(self) -> LabelPredicate:
        terms: list[LabelPredicate] = []
        while self.peek():
            if self.peek() in _NO_TERM:
                expected = "identifier after ','" if terms else "!, identifier, or 'end of string'"
                raise api_errors.bad_request(f"found '{self.peek()}', expected: {expected}")
            terms.append(self.requirement())
            separator = self.next()
            if separator not in ("", ","):
                raise api_errors.bad_request(f"found '{separator}', expected: ',' or 'end of string'")
            if separator and not self.peek():
                raise api_errors.bad_request("found '', expected: identifier after ','")
        if len(terms) == 1:
            return terms[0]
        return lambda labels: all(term(labels) for term in terms)

    def requirement(self) -> LabelPredicate:
        if self.peek() == "!":
            self.next()
            key = self.key()
            return lambda labels: key not in labels
        key = self.key()
        operator = self.peek()
        if operator in ("", ","):
            return lambda labels: key in labels
        self.next()
        return self.comparison(key, operator)

    def comparison(self, key: str, operator: str) -> LabelPredicate:
        if operator in ("in", "notin"):
            values = self.values(key)
            if operator == "in":
                return lambda labels: labels.get(key) in values
            return lambda labels: labels.get(key) not in values
        if operator in ("=", "==", "!="):
            value = self.next() if self.peek() not in ("", ",") else ""
            if value in _OPERATORS:
                raise _unreadable(f"found '{value}', expected: identifier")
            self.check_value(key, value)
            if operator == "!=":
                return lambda labels: labels.get(key) != value
            return lambda labels: labels.get(key) == value
        if operator in ("<", ">"):
            return self.order(key, operator)
        raise _unreadable(f"found '{operator}', expected: in, notin, =, ==, !=, gt, lt")

    def order(self, key: str, operator: str) -> LabelPredicate:
        text = self.next()
        try:
            bound = int(text)
        except ValueError:
            detail = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise _unreadable(f'values[0]: Invalid value: "{text}": {detail}') from None

        def compare(labels: Mapping[str, str]) -> bool:
            try:
                value = int(labels[key])
            except (KeyError, ValueError):
                return False
            return value < bound if operator == "<" else value > bound

        return compare

    def values(self, key: str) -> frozenset[str]:
        opening = self.next()
        if opening != "(":
            raise _unreadable(f"found '{opening}' expected: '('")
        values = set()
        while self.peek() not in (")", ""):
            word = self.next()
            if word != ",":
                self.check_value(key, word)
                values.add(word)
        if self.next() != ")":
            raise _unreadable("found '', expected: ',' or ')'")
        return frozenset(values) or frozenset([""])

    def key(self) -> str:
        token = self.next()
        if not token or token in _OPERATORS:
            raise _unreadable(f"found '{token}', expected: identifier")
        problem = object_meta.label_key_problem(token)
        if problem:
            raise _unreadable(f'<nil>: Invalid value: "{token}": {problem}')
        return token

    def check_value(self, key: str, value: str) -> None:
        problem = object_meta.label_value_problem(value)
        if problem:
            raise _unreadable(f'values[0][{key}]: Invalid value: "{value}": {problem}')


def _unreadable(problem: str) -> ApiError:
    return api_errors.bad_request(f"unable to parse requirement: {problem}")


def fields(text: str) -> list[tuple[str, bool, str]]:
    """Return (path, equal, value) per term of `a.b=c,d!=e`. Raises `ApiError` (400)."""
    terms = []
    for term in filter(None, text.split(",")):
        for operator, equal in (("!=", False), ("==", True), ("=", True)):
            path, separator, value = term.partition(operator)
            if separator:
                terms.append((path, equal, value))
                break
        else:
            raise api_errors.bad_request(f"invalid selector: '{text}'; can't understand '{term}'")
        if "=" in value:
            raise api_errors.bad_request(f"invalid field selector: unescaped character in value: {ord('=')}")
    return terms


def read(obj: Mapping[str, Any], path: str) -> str:
    """Return the value at a dotted path as text, as field selectors compare it; an empty string if absent."""
    value: Any = obj
    for part in path.strip(".").split("."):
        if not isinstance(value, Mapping):
            return ""
        value = value.get(part)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def predicate(label_selector: str, field_terms: list[tuple[str, bool, str]]) -> Predicate | None:
    """Return a predicate for both selectors; None if they select everything."""
    by_label = labels(label_selector) if label_selector.strip() else None
    if by_label is None and not field_terms:
        return None

    def selects(obj: Mapping[str, Any]) -> bool:
        if by_label and not by_label(obj["metadata"].get("labels") or _EMPTY):
            return False
        return all((read(obj, path) == value) == equal for path, equal, value in field_terms)

    return selects

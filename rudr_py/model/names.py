"""Syntax of names: OAM's rules, and Kubernetes' rules for the objects that are created from them.

Each function returns "" for a valid name, or a message that states the error and the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

LONGEST = 63
"""The most characters of a name in OAM (MD-2) and of a label value in Kubernetes."""

_OAM = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
_OBJECT = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_PORT = re.compile(r"(?=[a-z0-9-]*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_ENV = re.compile(r"[-._A-Za-z][-._A-Za-z0-9]*")
_HEADER = re.compile(r"[A-Za-z0-9-]+")
_VARIABLE = re.compile(r"[\w.-]+")

_PLACEHOLDER: Final = re.compile(r"\{\{|\{%|<%|\$\{|\$\(|\$[A-Za-z_]|__[A-Z]")
"""The beginnings of placeholders of template engines, shells and build tools."""

OBJECT_FORM: Final = _OBJECT.pattern
"""Regular expression of names of Kubernetes objects; uses only syntax that CEL and JSON Schema accept, too."""


def wrong_name(name: str) -> str:
    """A name in OAM: letters and digits, with `-`, `_` and `.` between them (MD-2)."""
    return _wrong(name, _OAM.fullmatch, "letters and digits, with -, _ and . between them")


def wrong_object_name(name: str) -> str:
    """A name that becomes the name of a Kubernetes object and the value of a label."""
    return _wrong(name, _OBJECT.fullmatch, "lower-case letters and digits, with - and . between them")


def wrong_label(name: str) -> str:
    """A name that becomes a container's or a volume's in a Kubernetes pod."""
    return _wrong(name, _LABEL.fullmatch, "lower-case letters and digits, with - between them")


def wrong_account_name(name: str) -> str:
    """The name of a service account in Kubernetes."""
    if len(name) <= 253 and _OBJECT.fullmatch(name):
        return ""
    form = "lower-case letters and digits, with - and . between them, at most 253 characters"
    return f"{name[:70]!r} is not the name of a service account; use {form}"


def wrong_port_name(name: str) -> str:
    """The name of a port in a Kubernetes pod."""
    if len(name) > 15:
        return f'"{name[:70]}" has {len(name)} characters; the name of a port has at most 15'
    form = "lower-case letters and digits with single - between them, at least one letter"
    return _wrong(name, _PORT.fullmatch, form)


def wrong_env_name(name: str) -> str:
    """The name of an environment variable (EN-4, and Kubernetes' rule)."""
    if len(name) <= 253 and _ENV.fullmatch(name):
        return ""
    form = "letters, digits, _, - and ., not starting with a digit, at most 253 characters"
    return f'"{name[:70]}" is not valid; use {form}'


def wrong_header_name(name: str) -> str:
    """The name of an HTTP header in a probe."""
    return "" if _HEADER.fullmatch(name) else f'"{name[:70]}" is not valid; use letters, digits and -'


def wrong_variable_name(name: str) -> str:
    """The name of a variable or parameter: letters and digits of any language, `_`, `-` and `.` (AC-10)."""
    return "" if _VARIABLE.fullmatch(name) else f'"{name[:70]}" is not valid; use letters, digits, _, - and .'


def one_line(text: str, limit: int) -> str:
    """The text on one line, without control characters, cut to `limit` characters."""
    start = text[: 4 * limit]
    line = " ".join("".join(character if character.isprintable() else " " for character in start).split())
    return line if len(line) <= limit and len(start) == len(text) else f"{line[: limit - 3]}..."


def placeholder(text: str) -> str:
    """Advice for a text that is not valid because it has a placeholder of another tool; "" without one."""
    match = _PLACEHOLDER.search(text)
    if match is None:
        return ""
    if match[0] == "{{":
        return '"{{" is a Helm template: render the chart before'
    return f'"{match[0]}" begins a placeholder, which rudr does not replace: replace it before'


def _wrong(name: str, matches: Callable[[str], object], words: str) -> str:
    if len(name) > LONGEST:
        return f'"{name[:70]}" has {len(name)} characters; at most {LONGEST} are allowed'
    if matches(name):
        return ""
    return f'"{name}" is not valid; {placeholder(name) or f"use {words}"}'

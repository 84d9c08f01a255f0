"""Syntax of names in Kubernetes objects. Each function returns "" for a valid text, or the broken rule.

Where releases of Kubernetes differ, the rule is the strictest of the supported ones.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Final

LABEL_LENGTH: Final = 63
SUBDOMAIN_LENGTH: Final = 253
PORT_NAME_LENGTH: Final = 15

_LABEL_FORM = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL = re.compile(_LABEL_FORM)
_SUBDOMAIN = re.compile(rf"{_LABEL_FORM}(\.{_LABEL_FORM})*")
_SERVICE = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_NAME = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")
_PORT = re.compile(r"(?=[a-z0-9-]*[a-z])[a-z0-9]+(-[a-z0-9]+)*")
_DATA_KEY = re.compile(r"[-._a-zA-Z0-9]+")


def subdomain(text: str, limit: int = SUBDOMAIN_LENGTH) -> str:
    """A DNS subdomain (RFC 1123): the name of most objects."""
    return _wrong(text, _SUBDOMAIN.fullmatch, limit, "lower-case letters and digits, with - and . between them")


def label(text: str, limit: int = LABEL_LENGTH) -> str:
    """A DNS label (RFC 1123): a container, a volume, a port of a Service."""
    return _wrong(text, _LABEL.fullmatch, limit, "lower-case letters and digits, with - between them, without a dot")


def service_name(text: str) -> str:
    """A DNS label that starts with a letter (RFC 1035)."""
    form = "lower-case letters and digits, with - between them, starting with a letter, without a dot"
    return _wrong(text, _SERVICE.fullmatch, LABEL_LENGTH, form)


def port_name(text: str) -> str:
    """The name of a port of a container (IANA_SVC_NAME)."""
    form = "lower-case letters and digits, with single - between them, at least one letter"
    return _wrong(text, _PORT.fullmatch, PORT_NAME_LENGTH, form)


# the objects of an application have the same few labels
@functools.lru_cache(maxsize=1024)
def label_value(text: str) -> str:
    """The value of a label; empty is valid."""
    form = "letters and digits, with -, _ and . between them"
    return _wrong(text, _NAME.fullmatch, LABEL_LENGTH, form) if text else ""


@functools.lru_cache(maxsize=1024)
def key(text: str) -> str:
    """The key of a label or an annotation: a name, optionally after a domain and a slash."""
    domain, slash, name = text.rpartition("/")
    if slash and (wrong := subdomain(domain)):
        return f"the part before / {wrong}"
    return _wrong(name, _NAME.fullmatch, LABEL_LENGTH, "letters and digits, with -, _ and . between them")


def data_key(text: str) -> str:
    """A key of the data of a ConfigMap or a Secret."""
    if text == "." or text.startswith(".."):
        return "is not a file name; it must not be . and must not start with .."
    return _wrong(text, _DATA_KEY.fullmatch, SUBDOMAIN_LENGTH, "letters, digits, -, _ and .")


def _wrong(text: str, matches: Callable[[str], object], limit: int, words: str) -> str:
    if len(text) > limit:
        return f"has {len(text)} characters; at most {limit} are allowed"
    return "" if matches(text) else f"is not valid; use {words}"

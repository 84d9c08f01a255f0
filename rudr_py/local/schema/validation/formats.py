"""The string formats of a CRD schema; any other format is ignored.

Source: apiextensions-apiserver, pkg/apiserver/validation/formats.go.
"""

from __future__ import annotations

import binascii
import ipaddress
import re
from base64 import b64decode
from collections.abc import Callable
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

_NAME = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_HOST = re.compile(
    r"^(?=.{1,253}$)[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?)*\.?$"
)
_DATE_TIME = re.compile(r"^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")
_DURATION = re.compile(
    r"^[-+]?(\d+(\.\d*)?|\.\d+)\s*(ns|us|µs|ms|s|m|h|d|w|[a-z]+)((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))*$"
)
_UUID = re.compile(r"^[0-9a-f]{8}-?[0-9a-f]{4}-?([0-9a-f])[0-9a-f]{3}-?([0-9a-f])[0-9a-f]{3}-?[0-9a-f]{12}$")


def is_supported(name: str) -> bool:
    """Whether the server checks a format."""
    return name.replace("-", "") in _CHECKS


def fits(value: str, name: str) -> bool:
    """Whether a string has the format; true for an unsupported format."""
    check = _CHECKS.get(name.replace("-", ""))
    return check is None or check(value)


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda value: pattern.match(value) is not None


def _parses(parse: Callable[[str], Any]) -> Callable[[str], bool]:
    """Return a check that calls a parser, which raises ValueError."""

    def check(value: str) -> bool:
        try:
            parse(value)
        except ValueError:
            return False
        return True

    return check


def _base64(value: str) -> bool:
    try:
        b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _date_time(value: str) -> bool:
    if not _DATE_TIME.match(value):
        return False
    return _parses(datetime.fromisoformat)(re.sub(r"\.\d+", "", value).upper())


def _uri(value: str) -> bool:
    parts = urlsplit(value)
    return bool(parts.scheme or value.startswith("/"))


def _uuid(version: str = "", variants: str = "") -> Callable[[str], bool]:
    """A UUID, with a certain digit of the version and one of these digits of the variant if they are not empty."""

    def check(value: str) -> bool:
        match = _UUID.match(value.lower())
        return match is not None and match[1] in (version or match[1]) and match[2] in (variants or match[2])

    return check


_CHECKS: dict[str, Callable[[str], bool]] = {
    "bsonobjectid": _matches(re.compile(r"^[0-9a-f]{24}$")),
    "byte": _base64,
    "cidr": _parses(lambda value: ipaddress.ip_network(value, strict=False) if "/" in value else int("x")),
    "date": _parses(date.fromisoformat),
    "datetime": _date_time,
    "duration": lambda value: _DURATION.match(value) is not None or value == "0",
    "email": _matches(re.compile(r"^[^@\s]+@[^@\s]+$")),
    "hexcolor": _matches(re.compile(r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")),
    "hostname": lambda value: _HOST.match(value) is not None,
    "ipv4": _parses(ipaddress.IPv4Address),
    "ipv6": _parses(ipaddress.IPv6Address),
    "k8sshortname": _matches(re.compile(f"^(?=.{{1,63}}$){_NAME}$")),
    "k8slongname": _matches(re.compile(rf"^(?=.{{1,253}}$){_NAME}(\.{_NAME})*$")),
    "mac": _matches(re.compile(r"^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$|^([0-9A-Fa-f]{4}\.){2}[0-9A-Fa-f]{4}$")),
    "uri": _uri,
    "uuid": _uuid(),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4", "89ab"),
    "uuid5": _uuid("5", "89ab"),
}

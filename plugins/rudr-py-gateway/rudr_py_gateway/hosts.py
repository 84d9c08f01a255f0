"""Host names of routes."""

from __future__ import annotations

import ipaddress
import re

_NAME = re.compile(r"(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_LIMIT = 253


def problem(host: str, *, wildcard: bool = True) -> str:
    """The reason why a host name is invalid in a route, or ""; `wildcard` permits `*` as the first label."""
    form = ", or *.example.com for all hosts below a domain" if wildcard else " without a wildcard"
    if len(host) > _LIMIT or not _NAME.fullmatch(host) or (host.startswith("*") and not wildcard):
        return f'"{host}" is not a host name: use lower case, without scheme, port and path{form}'
    try:
        ipaddress.ip_address(host.removeprefix("*."))
    except ValueError:
        return ""
    return f'"{host}" is an IP address; a route is selected by host names'

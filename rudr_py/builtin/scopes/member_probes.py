"""The endpoint of a health scope's probes as users write it, and the ports of members that it selects.

No network access. An endpoint cannot name a host: probes go to members' own Services only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from rudr_py.api import Member

Method = Literal["httpGet", "tcp"]

FORMS: Final[Mapping[Method, str]] = {
    "httpGet": "httpGet probes members' own Services only; write a path such as /healthz, or :8080/healthz with a port",
    "tcp": "tcp probes members' own Services only; write a port such as :5432 or :postgres, or nothing for every port",
}
"""By method, the message for an invalid endpoint."""

_FORMS: Mapping[Method, re.Pattern[str]] = {
    # printable ASCII only, because the path is sent as it is
    "httpGet": re.compile(r"(:(?P<port>[a-z0-9-]+))?(?P<path>/[!-~]*)"),
    "tcp": re.compile(r"(:?(?P<port>[a-z0-9-]+))?(?P<path>)"),
}


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The path and the port, by number or name; without a port, the ports of the member are used."""

    method: Method
    port: str = ""
    path: str = "/"


def parse(method: Method, endpoint: str) -> Endpoint | None:
    """Parse an endpoint: `/path` or `:PORT/path` for httpGet, `:PORT`, `PORT` or nothing for tcp.

    None when it is invalid; `FORMS` contains the message for the user.
    """
    match = _FORMS[method].fullmatch(endpoint)
    if match is None:
        return None
    return Endpoint(method=method, port=match["port"] or "", path=match["path"] or "/")


def ports(member: Member, endpoint: Endpoint) -> tuple[int, ...]:
    """The ports of the member to probe; empty when it has no Service, or not this port.

    Without a port in the endpoint, these are its first TCP port for httpGet and all TCP ports for tcp.
    """
    if not member.service:
        return ()
    listening = [port for port in member.ports if port.protocol == "TCP"]
    if endpoint.port:
        listening = [port for port in listening if endpoint.port in (port.name, str(port.container_port))]
    numbers = tuple(dict.fromkeys(port.container_port for port in listening))
    return numbers if endpoint.method == "tcp" else numbers[:1]

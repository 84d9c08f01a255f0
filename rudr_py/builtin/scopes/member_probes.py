"""What a health scope asks its members over the network: an endpoint as users write it, and which ports it means.

Nothing is asked here. There is no way to name a host: only members' own Services are ever asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from rudr_py.api import Member

Method = Literal["httpGet", "tcp"]

FORMS: Final[Mapping[Method, str]] = {
    "httpGet": "httpGet asks members' own Services only; write a path such as /healthz, or :8080/healthz with a port",
    "tcp": "tcp asks members' own Services only; write a port such as :5432 or :postgres, or nothing for every port",
}
"""What to write, by method, for someone who wrote something else."""

_FORMS: Mapping[Method, re.Pattern[str]] = {
    # printable ASCII only: whatever is in here is sent
    "httpGet": re.compile(r"(:(?P<port>[a-z0-9-]+))?(?P<path>/[!-~]*)"),
    "tcp": re.compile(r"(:?(?P<port>[a-z0-9-]+))?(?P<path>)"),
}


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask: a path, and a port by number or name; without a port the member's own are meant."""

    method: Method
    port: str = ""
    path: str = "/"


def parse(method: Method, endpoint: str) -> Endpoint | None:
    """The endpoint as it is written: `/path` or `:PORT/path` for httpGet, `:PORT`, `PORT` or nothing for tcp.

    None when it is written otherwise; `FORMS` says how.
    """
    match = _FORMS[method].fullmatch(endpoint)
    if match is None:
        return None
    return Endpoint(method=method, port=match["port"] or "", path=match["path"] or "/")


def ports(member: Member, endpoint: Endpoint) -> tuple[int, ...]:
    """The ports of the member that are to be asked; none when it has no Service, or not this port.

    Without a port in the endpoint, these are its first TCP port for httpGet and all of them for tcp.
    """
    if not member.service:
        return ()
    listening = [port for port in member.ports if port.protocol == "TCP"]
    if endpoint.port:
        listening = [port for port in listening if endpoint.port in (port.name, str(port.container_port))]
    numbers = tuple(dict.fromkeys(port.container_port for port in listening))
    return numbers if endpoint.method == "tcp" else numbers[:1]

"""The parents of a route: listeners of Gateways, to which a platform gives access."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final, Literal

import msgspec

from rudr_py.api import Problem, get_in
from rudr_py_gateway.backends import PortNumber

GROUP: Final = "gateway.networking.k8s.io"
LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"


class Parent(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A Gateway, or listeners of it."""

    name: Annotated[
        str,
        msgspec.Meta(description="The name of the Gateway.", examples=["public"], max_length=253, pattern=NAME),
    ]
    namespace: Annotated[
        Annotated[str, msgspec.Meta(max_length=63, pattern=LABEL)] | None,
        msgspec.Meta(description="The namespace of the Gateway; by default that of the application."),
    ] = None
    section: Annotated[
        Annotated[str, msgspec.Meta(max_length=253, pattern=NAME)] | None,
        msgspec.Meta(description="The name of a listener; by default all that accept the route."),
    ] = None
    port: Annotated[PortNumber | None, msgspec.Meta(description="The port of listeners; by default all.")] = None
    kind: Annotated[
        Literal["Gateway", "ListenerSet"], msgspec.Meta(description="The kind of the object that has the listeners.")
    ] = "Gateway"

    def body(self) -> dict[str, Any]:
        """The reference in a route."""
        fields = {
            "group": GROUP,
            "kind": self.kind,
            "namespace": self.namespace,
            "name": self.name,
            "sectionName": self.section,
            "port": self.port,
        }
        return {field: value for field, value in fields.items() if value is not None}

    def __str__(self) -> str:
        """As `status` shows it: `gateways/public`, `public:https`."""
        listener = self.section or (str(self.port) if self.port else "")
        return "/".join(filter(None, (self.namespace, self.name))) + (f":{listener}" if listener else "")


def key(reference: Mapping[str, Any], namespace: str) -> tuple[str | int, ...]:
    """Equal for references to the same listeners, from a route in this namespace."""
    return (
        get_in(reference, "group", default=GROUP),
        get_in(reference, "kind", default="Gateway"),
        get_in(reference, "namespace", default=namespace) or namespace,
        get_in(reference, "name", default=""),
        get_in(reference, "sectionName", default=""),
        get_in(reference, "port", default=0),
    )


def problems(parents: Iterable[Parent], namespace: str) -> Iterator[Problem]:
    """Several references to one object must name different listeners."""
    sections: dict[tuple[str | int, ...], list[str | None]] = {}
    for index, parent in enumerate(parents):
        listed = sections.setdefault(key(parent.body(), namespace)[:4], [])
        if parent.section in listed:
            yield Problem(f"{parent} is listed twice; name another section", path=f"$.parents[{index}]")
        elif listed and None in (parent.section, *listed):
            message = f"{parent.name} is listed several times; each entry must name a section"
            yield Problem(message, path=f"$.parents[{index}].section")
        listed.append(parent.section)

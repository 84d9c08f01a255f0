"""Forms of values that properties of many types have, as annotated types for msgspec.

A struct with a field of such a form rejects a value that the API server would reject later.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec

from rudr_py.model import quantity as quantities

LABEL_KEY = r"([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
LABEL_VALUE = r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?"
QUANTITY = r"([0-9]{1,18}(\.[0-9]{0,9})?|\.[0-9]{1,9})([numkMGTPE]|[KMGTPE]i|[eE][0-9])?"

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
"""The name of an object."""

LabelKey = Annotated[str, msgspec.Meta(pattern=f"^{LABEL_KEY}$")]
"""The key of a label or an annotation."""

LabelValue = Annotated[str, msgspec.Meta(pattern=f"^{LABEL_VALUE}$")]

PortNumber = Annotated[int, msgspec.Meta(ge=1, le=65535)]

PortName = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]([-a-z0-9]{0,13}[a-z0-9])?$")]

Port = PortNumber | PortName
"""A port by its number or its name."""

Quantity = Annotated[
    Annotated[str, msgspec.Meta(pattern=f"^{QUANTITY}$")]
    | Annotated[int, msgspec.Meta(ge=0)]
    | Annotated[float, msgspec.Meta(ge=0)],
    msgspec.Meta(description="A quantity of Kubernetes, such as 100m, 0.5 or 128Mi."),
]

ResourceName = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(cpu|memory|ephemeral-storage|hugepages-[0-9]+[KMGT]i|[a-z0-9][-a-z0-9.]*/[A-Za-z0-9][-A-Za-z0-9_.]*)$"
    ),
]
"""The name of a resource that a container can request."""

Seconds = Annotated[int, msgspec.Meta(ge=0)]

Positive = Annotated[int, msgspec.Meta(ge=1)]


def quantity(value: str | float) -> str:
    """A value of the form Quantity as the API server stores it."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def amount(value: str | float) -> Decimal:
    """The number that a value of the form Quantity stands for, to compare two of them; 0 for any other value."""
    return quantities.amount(value) or Decimal(0)

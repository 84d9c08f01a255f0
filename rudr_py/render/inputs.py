"""Everything that rendering may look at, as values: the documents, what was seen, and the time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

import msgspec

from rudr_py.api import Kind
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.model.document import Parsed, Positions


class Observed(Protocol):
    """The application's own objects as the cluster has them now."""

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """The objects of a kind that belong to an instance, without managedFields; pods included.

        Each call gives documents of its own: types may do with them what they like.
        """
        ...


class Nothing:
    """Nothing was observed: offline rendering."""

    def documents(self, instance: str, kind: Kind) -> tuple[dict[str, Any], ...]:
        """No objects."""
        del instance, kind
        return ()


NOTHING = Nothing()


class Inputs(msgspec.Struct, frozen=True, kw_only=True):
    """One application with all that belongs to it.

    `application` has a value. `components` maps the names of the ComponentSchematics that exist to their parsed
    form; a name that is absent does not exist. `attached` is what status kept: (instance, trait) -> when the trait
    was first applied. `positions` are the places in files, by component name, `""` for the application.
    """

    application: Application
    parsed: Parsed[Application]
    components: Mapping[str, Parsed[Component]]
    now: datetime
    observed: Observed = NOTHING
    attached: Mapping[tuple[str, str], datetime] = msgspec.field(default_factory=dict)
    positions: Mapping[str, Positions] = msgspec.field(default_factory=dict)

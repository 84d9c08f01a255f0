"""service-account: the ServiceAccount of the pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import msgspec

from rudr_py.api import PodTemplatePlace, PodTrait, SetField, TraitContext
from rudr_py.api.forms import Name


class ServiceAccountProperties(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The account, which exists in the namespace, and whether its token is mounted."""

    name: Annotated[Name | None, msgspec.Meta(description="The name of the ServiceAccount.", examples=["web"])] = None
    automount_token: Annotated[
        bool | None, msgspec.Meta(description="Whether pods get a token; by default as the account specifies.")
    ] = None


class ServiceAccount(PodTrait[ServiceAccountProperties]):
    """Runs the pods with a ServiceAccount, or without its token."""

    name = "service-account"
    properties = ServiceAccountProperties

    def edits(self, ctx: TraitContext[ServiceAccountProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """The fields that the properties set."""
        fields = {
            "serviceAccountName": ctx.properties.name,
            "automountServiceAccountToken": ctx.properties.automount_token,
        }
        for field, value in fields.items():
            if value is not None:
                yield place.edit(("spec", field), value)

"""What there is to say about an installed type, gathered from its declaration as values. Pure; `describing` writes."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py.api import Rule, Scope, Trait, Type, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.types import compatibility, names, schema_fields
from rudr_py.cli.types import example as sampling
from rudr_py.cli.types.names import Sort
from rudr_py.cli.types.schema_fields import SchemaField
from rudr_py.plugins import rights
from rudr_py.render.types import properties


class TypeFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A type as it is told. `about` are the paragraphs of its docstring.

    `fits` are the installed workload types that a trait may be attached to, or the traits that a workload type may
    have; `rights` are what the controller needs for this type beyond what it always has. `example` is the part of a
    document, None when none could be made that the type would take.
    """

    sort: Sort
    name: str
    package: str
    about: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    outdated_properties: Mapping[str, str] = {}
    applies_to: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    several: bool | None = None
    takes: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()
    allow_overlap: bool | None = None
    fits: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    observes: tuple[str, ...] = ()
    rights: tuple[Rule, ...] = ()
    schema: Mapping[str, Any]
    example: dict[str, Any] | None = None

    @property
    def fields(self) -> tuple[SchemaField, ...]:
        """Its properties."""
        return schema_fields.declared(self.schema)


def explain(offer: Offer[Any], catalog: Catalog) -> TypeFacts:
    """Gather what there is to say about a type; `catalog` holds the other types, which it may fit."""
    type_ = offer.type
    found = TypeFacts(
        sort=names.sort_of(offer),
        name=offer.name,
        package=offer.package,
        about=paragraphs(type_),
        aliases=type_.aliases,
        outdated_properties=dict(type_.renamed_properties),
        produces=tuple(map(str, type_.produces)),
        observes=tuple(map(str, type_.observes)),
        rights=_rights(offer),
        # defaults of models are Python's, tuples among them
        schema=msgspec.json.decode(msgspec.json.encode(offer.schema)),
        example=_example(offer),
    )
    if isinstance(type_, Trait):
        return msgspec.structs.replace(found, **_of_trait(offer, type_, catalog))
    if isinstance(type_, WorkloadType):
        return msgspec.structs.replace(found, **_of_workload(offer, type_, catalog))
    return msgspec.structs.replace(found, allow_overlap=isinstance(type_, Scope) and type_.allow_overlap)


def _of_trait(offer: Offer[Any], type_: Trait[Any], catalog: Catalog) -> dict[str, Any]:
    fits = (other.name for other in names.of_sort(catalog, "workload") if not compatibility.misfit(offer, other))
    return {
        "applies_to": type_.applies_to,
        "needs": tuple(sorted(type_.requires)),
        "several": type_.repeatable,
        "fits": tuple(fits),
    }


def _of_workload(offer: Offer[Any], type_: WorkloadType[Any], catalog: Catalog) -> dict[str, Any]:
    fits = (other.name for other in names.of_sort(catalog, "trait") if not compatibility.misfit(other, offer))
    return {
        "takes": tuple(sorted(type_.scale_forms)),
        "offers": tuple(sorted(type_.provides)),
        "fits": tuple(fits),
    }


def paragraphs(type_: Type[Any]) -> tuple[str, ...]:
    """The paragraphs of a type's own docstring, not of what it derives from."""
    text = inspect.cleandoc(type(type_).__doc__ or "")
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _rights(offer: Offer[Any]) -> tuple[Rule, ...]:
    # of which sort it is makes no difference to its rights
    alone = rights.needed(Catalog(traits={offer.name: offer}), publish=False)
    return rights.beyond(alone.cluster, rights.needed(Catalog(), publish=False).cluster)


def _example(offer: Offer[Any]) -> dict[str, Any] | None:
    given = sampling.sample(offer.schema)
    if not isinstance(given, dict) or properties.check(offer, given, _anywhere, ""):
        return None
    sort = names.sort_of(offer)
    if sort == "trait":
        return {"traits": [{"name": offer.name, **({"properties": given} if given else {})}]}
    if sort == "workload":
        settings = [{"name": name, "value": value} for name, value in given.items()]
        return {"workloadType": offer.name, **({"workloadSettings": settings} if settings else {})}
    name = names.short(offer.name).lower()
    scope = {"name": name, "type": offer.name, **({"properties": given} if given else {})}
    member = {"componentName": "web", "instanceName": "web", "applicationScopes": [name]}
    return {"scopes": [scope], "components": [member]}


def _anywhere(*steps: str | int) -> str:
    return ".".join(map(str, steps))

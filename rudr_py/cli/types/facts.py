"""The facts about an installed type, collected from its declaration. Pure; `text` formats them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

import msgspec

from rudr_py.api import Rule, Scope, Trait, Type, WorkloadType
from rudr_py.catalog import Catalog, Offer
from rudr_py.cli.options.flags import Category
from rudr_py.cli.types import names, schema_fields
from rudr_py.cli.types.schema_fields import SchemaField
from rudr_py.plugins import rights
from rudr_py.render import applicability
from rudr_py.render.types import properties, schema_example


class TypeFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A type as `rudr explain -o json` prints it, so the encoded names of fields are stable.

    `about` are the paragraphs of its docstring. `fits` are the installed workload types that a trait fits, or the
    traits that fit a workload type. `rights` are permissions that the controller needs for this type in addition to
    those that it always needs. `example` is a part of a document; None if no valid example can be derived.
    """

    category: Category
    name: str
    package: str
    about: tuple[str, ...]
    aliases: tuple[str, ...] = ()
    outdated_properties: Mapping[str, str] = {}
    applies_to: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    repeatable: bool | None = None
    scale_forms: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    allow_overlap: bool | None = None
    fits: tuple[str, ...] = ()
    produces: tuple[str, ...] = ()
    observes: tuple[str, ...] = ()
    rights: tuple[Rule, ...] = ()
    schema: Mapping[str, Any]
    example: dict[str, Any] | None = None

    @property
    def fields(self) -> tuple[SchemaField, ...]:
        """The properties of the type."""
        return schema_fields.declared(self.schema)


def explain(offer: Offer[Any], catalog: Catalog) -> TypeFacts:
    """Collect the facts about a type. `catalog` contains the other types."""
    offered = offer.type
    type_facts = TypeFacts(
        category=names.category_of(offer),
        name=offer.name,
        package=offer.package,
        about=paragraphs(offered),
        aliases=offered.aliases,
        outdated_properties=dict(offered.renamed_properties),
        produces=tuple(map(str, offered.produces)),
        observes=tuple(map(str, offered.observes)),
        rights=_rights(offer),
        # the defaults of models are Python values, for example tuples
        schema=msgspec.json.decode(msgspec.json.encode(offer.schema)),
        example=_example(offer),
    )
    if isinstance(offered, Trait):
        return msgspec.structs.replace(type_facts, **_of_trait(offer, offered, catalog))
    if isinstance(offered, WorkloadType):
        return msgspec.structs.replace(type_facts, **_of_workload(offer, offered, catalog))
    return msgspec.structs.replace(type_facts, allow_overlap=isinstance(offered, Scope) and offered.allow_overlap)


def _of_trait(offer: Offer[Any], trait: Trait[Any], catalog: Catalog) -> dict[str, Any]:
    return {
        "applies_to": trait.applies_to,
        "requires": tuple(sorted(trait.requires)),
        "repeatable": trait.repeatable,
        "fits": applicability.accepted(offer, catalog),
    }


def _of_workload(offer: Offer[Any], workload_type: WorkloadType[Any], catalog: Catalog) -> dict[str, Any]:
    traits = names.of_category(catalog, "trait")
    return {
        "scale_forms": tuple(sorted(workload_type.scale_forms)),
        "provides": tuple(sorted(workload_type.provides)),
        "fits": tuple(trait.name for trait in traits if not applicability.misfit(trait, offer)),
    }


def paragraphs(described_type: Type[Any]) -> tuple[str, ...]:
    """The paragraphs of a type's own docstring. Inherited docstrings do not count."""
    text = inspect.cleandoc(type(described_type).__doc__ or "")
    return tuple(" ".join(part.split()) for part in text.split("\n\n") if part.strip())


def _rights(offer: Offer[Any]) -> tuple[Rule, ...]:
    # the category makes no difference to the rights
    alone = rights.needed(Catalog(traits={offer.name: offer}), publish=False)
    return rights.beyond(alone.cluster, rights.needed(Catalog(), publish=False).cluster)


def _example(offer: Offer[Any]) -> dict[str, Any] | None:
    values = schema_example.sample(offer.schema)
    if not isinstance(values, dict) or properties.check(offer, values, _path, ""):
        return None
    category = names.category_of(offer)
    if category == "trait":
        return {"traits": [{"name": offer.name, **({"properties": values} if values else {})}]}
    if category == "workload":
        settings = [{"name": name, "value": value} for name, value in values.items()]
        return {"workloadType": offer.name, **({"workloadSettings": settings} if settings else {})}
    name = names.short(offer.name).lower()
    scope = {"name": name, "type": offer.name, **({"properties": values} if values else {})}
    member = {"componentName": "web", "instanceName": "web", "applicationScopes": [name]}
    return {"scopes": [scope], "components": [member]}


def _path(*steps: str | int) -> str:
    return ".".join(map(str, steps))

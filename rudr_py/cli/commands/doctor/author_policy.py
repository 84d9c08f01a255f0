"""Whether the author policy of the chart refuses the applications and components that the caller writes. Pure.

The policy permits a write to users with the verb `use` on the kind, and to those who may create the objects to which
the document renders.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import Kind, get_in
from rudr_py.catalog import Catalog
from rudr_py.cli.commands.doctor.access_reviews import AccessReview
from rudr_py.cli.commands.doctor.deployment import CHART, NAME_LABEL
from rudr_py.cli.commands.doctor.finding import Finding, note
from rudr_py.model.identity import CORE_GROUP
from rudr_py.plugins import rights

Document = Mapping[str, Any]

BINDING = Kind("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")

WRITTEN = ("applicationconfigurations", "componentschematics")
"""The resources whose writes the policy checks."""

_NAMESPACE_LABEL = "kubernetes.io/metadata.name"


class AuthorPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """The policy for a namespace, and the permissions that the caller lacks of those in `reviews`.

    `name` is empty if the caller may not read policies, so that it is unknown whether there is one.
    """

    name: str = ""
    namespace: str
    denies: bool = True
    denied: tuple[AccessReview, ...] = ()


def in_effect(bindings: Iterable[Document], namespace: str) -> AuthorPolicy | None:
    """The policy of the chart that is bound for a namespace; None if there is none."""
    for binding in bindings:
        if get_in(binding, "metadata", "labels", default={}).get(NAME_LABEL) == CHART and _selects(binding, namespace):
            denies = "Deny" in get_in(binding, "spec", "validationActions", default=[])
            return AuthorPolicy(
                name=get_in(binding, "spec", "policyName", default=""), namespace=namespace, denies=denies
            )
    return None


def reviews(catalog: Catalog, namespace: str) -> list[AccessReview]:
    """The permissions on which the policy depends: to write, to use, and to create objects."""
    own = [AccessReview(CORE_GROUP, name, verb, namespace) for name in WRITTEN for verb in ("create", "use")]
    return [*own, *(AccessReview(group, name, "create", namespace) for group, name in _objects(catalog))]


def check(policy: AuthorPolicy | None, catalog: Catalog) -> Iterator[Finding]:
    """A note with the documents that the policy refuses, if the caller may write them."""
    if policy is None:
        return
    denied = set(policy.denied)
    refused = [
        name
        for name in WRITTEN
        if AccessReview(CORE_GROUP, name, "create", policy.namespace) not in denied
        and AccessReview(CORE_GROUP, name, "use", policy.namespace) in denied
    ]
    purposes = _objects(catalog)
    missing = {
        review: purposes[review.group, review.resource]
        for review in policy.denied
        if (review.group, review.resource) in purposes
    }
    if refused and missing:
        yield note("you", _message(policy, refused, missing), _advice(refused, policy.namespace))


def _message(policy: AuthorPolicy, refused: Sequence[str], missing: Mapping[AccessReview, Collection[str]]) -> str:
    subject = (
        f"the author policy {policy.name}" if policy.name else "the author policy of the chart, if it is installed,"
    )
    verb = "refuses" if policy.denies else "warns about"
    parts = [
        f"you may not create {review.resource}{f'.{review.group}' if review.group else ''}, {_purpose(types)}"
        for review, types in missing.items()
    ]
    return (
        f"{subject} {verb} {' and '.join(refused)} that you write in namespace {policy.namespace}: {'; '.join(parts)}"
    )


def _purpose(types: Collection[str]) -> str:
    return f"which {', '.join(sorted(types))} creates" if types else "which every application needs"


def _advice(refused: Sequence[str], namespace: str) -> str:
    resources = " and ".join(f"{name}.{CORE_GROUP}" for name in refused)
    return (
        f"ask for the verb use on {resources} in namespace {namespace}, which the roles for users of the chart contain"
    )


def _objects(catalog: Catalog) -> dict[tuple[str, str], tuple[str, ...]]:
    """The resources to create, each with the standard traits and scopes that create it; none for pods."""
    objects: dict[tuple[str, str], tuple[str, ...]] = {("apps", "deployments"): ()}
    for offers in (catalog.traits, catalog.scopes):
        for name, offer in offers.items():
            for kind in offer.type.produces:
                if kind.group != CORE_GROUP and name == offer.name:
                    place = kind.group, rights.plural(kind)
                    objects[place] = (*objects.get(place, ()), name)
    return objects


def _selects(binding: Document, namespace: str) -> bool:
    expressions = get_in(binding, "spec", "matchResources", "namespaceSelector", "matchExpressions", default=[])
    return all(
        namespace in (expression.get("values") or ())
        for expression in expressions
        if isinstance(expression, Mapping) and expression.get("key") == _NAMESPACE_LABEL
    )

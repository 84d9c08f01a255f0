"""The networks of pods: one for each NetworkPolicy whose pods reach each other, and one for all other pods.

A scope is a NetworkPolicy that allows connections from the pods that it selects. Its members are in a network of its
own only, so that pods outside of it do not reach them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rudr_py.api import get_in, mappings_in
from rudr_py_podman.workloads import Workload

Document = Mapping[str, Any]

Test = tuple[str, str, Sequence[str]]
"""A requirement of a selector: a label, an operator and its values."""


def scopes(objects: Sequence[Document]) -> list[Document]:
    """The policies whose pods reach each other."""
    return [
        document
        for document in objects
        if document["kind"] == "NetworkPolicy"
        and any(
            get_in(source, "podSelector", default={}) == get_in(document, "spec", "podSelector", default={})
            for rule in mappings_in(document, "spec", "ingress")
            for source in mappings_in(rule, "from")
            if "namespaceSelector" not in source
        )
    ]


def of(workload: Workload, policies: Sequence[Document], default: str) -> list[str]:
    """The networks of a workload, by their names: those of its scopes, or the default."""
    names = [
        str(policy["metadata"]["name"])
        for policy in policies
        if _matches(get_in(policy, "spec", "podSelector", default={}), workload.labels)
    ]
    return names or [default]


def _matches(selector: Document, labels: Mapping[str, str]) -> bool:
    return all(_is_met(test, labels) for test in _tests(selector))


def _tests(selector: Document) -> Iterator[Test]:
    for key, value in get_in(selector, "matchLabels", default={}).items():
        yield key, "In", [value]
    for expression in mappings_in(selector, "matchExpressions"):
        yield str(expression.get("key")), str(expression.get("operator")), expression.get("values") or []


def _is_met(test: Test, labels: Mapping[str, str]) -> bool:
    key, operator, values = test
    is_present, is_listed = key in labels, labels.get(key) in values
    return {"In": is_listed, "NotIn": not is_listed, "Exists": is_present, "DoesNotExist": not is_present}.get(
        operator, False
    )

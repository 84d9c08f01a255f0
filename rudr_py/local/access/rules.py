"""Matching and formatting of the rules of RBAC roles. Rules are JSON of the RBAC API. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from rudr_py.local.access.attributes import Attributes

Rule = dict[str, Any]
_IDENTITY = ("apiGroups", "resources", "resourceNames", "nonResourceURLs")


def allows(rule: Rule, attributes: Attributes) -> bool:
    """Return whether a rule allows a request."""
    if not _includes(rule, "verbs", attributes.verb):
        return False
    if not attributes.resource:
        return _covers_url(rule, attributes.path)
    return (
        _includes(rule, "apiGroups", attributes.group)
        and _covers_resource(rule, attributes.full_resource)
        and _covers_name(rule, attributes.name)
    )


def _includes(rule: Rule, key: str, value: str) -> bool:
    values = rule.get(key) or ()
    return "*" in values or value in values


def _covers_url(rule: Rule, path: str) -> bool:
    for url in rule.get("nonResourceURLs") or ():
        if url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*"))):
            return True
    return False


def _covers_resource(rule: Rule, resource: str) -> bool:
    subresource = resource.partition("/")[2]
    resources = rule.get("resources") or ()
    return "*" in resources or resource in resources or bool(subresource and f"*/{subresource}" in resources)


def _covers_name(rule: Rule, name: str) -> bool:
    names = rule.get("resourceNames") or ()
    return not names or (name != "" and name in names)


def missing(held: Iterable[Rule], requested: Iterable[Rule]) -> list[Rule]:
    """Return the permissions of `requested` that `held` lacks: a rule for each resource, with merged verbs, sorted."""
    held = list(held)
    uncovered = [
        piece
        for rule in requested
        for piece in _split(rule)
        if not any(_covers(held_rule, piece) for held_rule in held)
    ]
    merged: dict[tuple[Any, ...], Rule] = {}
    for uncovered_rule in uncovered:
        key = tuple(tuple(uncovered_rule.get(part) or ()) for part in _IDENTITY)
        merged_rule = merged.setdefault(key, {**uncovered_rule, "verbs": []})
        merged_rule["verbs"] += [verb for verb in uncovered_rule["verbs"] if verb not in merged_rule["verbs"]]
    return sorted(merged.values(), key=formatted)


def _split(rule: Rule) -> Iterator[Rule]:
    """Split a rule into rules with one verb and one resource, name or URL."""
    verbs = rule.get("verbs") or ()
    names = rule.get("resourceNames") or ()
    for group, resource, verb in itertools.product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        piece = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        yield from ({**piece, "resourceNames": [name]} for name in names) if names else iter((piece,))
    for url, verb in itertools.product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(held: Rule, piece: Rule) -> bool:
    if not _includes(held, "verbs", piece["verbs"][0]):
        return False
    if "nonResourceURLs" in piece:
        return _covers_url(held, piece["nonResourceURLs"][0])
    names = held.get("resourceNames") or ()
    return (
        _includes(held, "apiGroups", piece["apiGroups"][0])
        and _covers_resource(held, piece["resources"][0])
        and (not names or set(piece.get("resourceNames") or ("",)) <= set(names))
    )


def formatted(rule: Rule) -> str:
    """Return a rule in the form of the server's error messages."""
    parts = [
        f"{label}:[{' '.join(_quoted(each) for each in rule[key])}]"
        for label, key in (
            ("APIGroups", "apiGroups"),
            ("Resources", "resources"),
            ("NonResourceURLs", "nonResourceURLs"),
            ("ResourceNames", "resourceNames"),
            ("Verbs", "verbs"),
        )
        if rule.get(key)
    ]
    return "{" + ", ".join(parts) + "}"


def _quoted(text: str) -> str:
    return f'"{text}"'

"""What one rule of a role covers, and how rules are shown. Rules are the JSON of the RBAC API. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from rudr_py.local.access.attributes import Attributes

Rule = dict[str, Any]
_IDENTITY = ("apiGroups", "resources", "resourceNames", "nonResourceURLs")


def allows(rule: Rule, wanted: Attributes) -> bool:
    """Return whether a rule allows a request."""
    if not _has(rule, "verbs", wanted.verb):
        return False
    if not wanted.resource:
        return _has_url(rule, wanted.path)
    return (
        _has(rule, "apiGroups", wanted.group)
        and _has_resource(rule, wanted.full_resource)
        and _has_name(rule, wanted.name)
    )


def _has(rule: Rule, key: str, value: str) -> bool:
    values = rule.get(key) or ()
    return "*" in values or value in values


def _has_url(rule: Rule, path: str) -> bool:
    for url in rule.get("nonResourceURLs") or ():
        if url in ("*", path) or (url.endswith("*") and path.startswith(url.rstrip("*"))):
            return True
    return False


def _has_resource(rule: Rule, resource: str) -> bool:
    subresource = resource.partition("/")[2]
    found = rule.get("resources") or ()
    return "*" in found or resource in found or bool(subresource and f"*/{subresource}" in found)


def _has_name(rule: Rule, name: str) -> bool:
    names = rule.get("resourceNames") or ()
    return not names or (name != "" and name in names)


def missing(held: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """Return what `wanted` grants and `held` does not: rules of one resource each, their verbs together, in order."""
    held = list(held)
    lacking = [each for rule in wanted for each in _pieces(rule) if not any(_covers(one, each) for one in held)]
    merged: dict[tuple[Any, ...], Rule] = {}
    for piece in lacking:
        key = tuple(tuple(piece.get(part) or ()) for part in _IDENTITY)
        known = merged.setdefault(key, {**piece, "verbs": []})
        known["verbs"] += [verb for verb in piece["verbs"] if verb not in known["verbs"]]
    return sorted(merged.values(), key=shown)


def _pieces(rule: Rule) -> Iterator[Rule]:
    """A rule as rules of one verb and one resource, name or URL."""
    verbs = rule.get("verbs") or ()
    names = rule.get("resourceNames") or ()
    for group, resource, verb in itertools.product(rule.get("apiGroups") or (), rule.get("resources") or (), verbs):
        piece = {"apiGroups": [group], "resources": [resource], "verbs": [verb]}
        yield from ({**piece, "resourceNames": [name]} for name in names) if names else iter((piece,))
    for url, verb in itertools.product(rule.get("nonResourceURLs") or (), verbs):
        yield {"nonResourceURLs": [url], "verbs": [verb]}


def _covers(held: Rule, piece: Rule) -> bool:
    if not _has(held, "verbs", piece["verbs"][0]):
        return False
    if "nonResourceURLs" in piece:
        return _has_url(held, piece["nonResourceURLs"][0])
    names = held.get("resourceNames") or ()
    return (
        _has(held, "apiGroups", piece["apiGroups"][0])
        and _has_resource(held, piece["resources"][0])
        and (not names or set(piece.get("resourceNames") or ("",)) <= set(names))
    )


def shown(rule: Rule) -> str:
    """Return a rule as refusals print it."""
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

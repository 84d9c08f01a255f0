"""Valid and invalid live objects, for which `health` must not fail.

Pure and deterministic: random objects come from a generator with a fixed seed. Hypothesis is not used, because its
import takes longer than all of this.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from rudr_py.testing.protocols import Document

EXAMPLES = 50
"""The number of random situations."""

DEPTH = 3
"""The maximum nesting of random values."""

INVALID: tuple[Any, ...] = (None, {}, [], "", "x", 0, -1, 1.5, True, [None], [{}], ["x"], [1], {"": None}, {"x": {}})
KEYS = (
    *("conditions", "observedGeneration", "replicas", "readyReplicas", "updatedReplicas", "availableReplicas"),
    *("phase", "succeeded", "failed", "active", "loadBalancer", "currentMetrics", "desiredReplicas", "url", "message"),
)
"""Fields of status that controllers write."""

CONDITIONS: tuple[Any, ...] = (
    {"type": "Ready", "status": "True"},
    {"type": "Ready", "status": "False", "reason": "Broken", "message": "it is"},
    {"type": "Ready"},
    {"status": "True"},
    {"type": None, "status": None},
    {"type": "Failed", "status": "True", "lastTransitionTime": "yesterday"},
    {"type": "Complete", "status": "Unknown"},
)


def documents(kinds: Sequence[tuple[str, str, str]]) -> Iterator[tuple[Document, ...]]:
    """Situations: the live objects for (apiVersion, kind, name), each with different invalid content."""
    yield ()
    for status in statuses():
        yield tuple(_object(place, {"status": status}) for place in kinds)
    for value in INVALID:
        yield tuple(_object(place, {"spec": value, "status": {"conditions": value}}) for place in kinds)
        yield tuple(_object(place, {"data": value}) for place in kinds)
    chance = random.Random(0)  # noqa: S311 - not used for secrets
    for _ in range(EXAMPLES if kinds else 0):
        parts = [[part for part in ("spec", "status", "data") if chance.random() < 2 / 3] for _ in kinds]
        yield tuple(
            _object(place, {part: _random_value(chance, DEPTH) for part in chosen})
            for place, chosen in zip(kinds, parts, strict=True)
        )


def statuses() -> Iterator[Any]:
    """Values of a status field."""
    yield from INVALID
    for value in INVALID:
        yield from ({key: value} for key in KEYS)
    for condition in CONDITIONS:
        yield {"conditions": [condition], "observedGeneration": 1}
    yield {"conditions": list(CONDITIONS)}


def _random_value(chance: random.Random, depth: int) -> Any:
    """A random JSON value, mostly with keys and conditions that controllers write."""
    shape = chance.random() if depth else 1.0
    if shape < 0.4:
        keys = chance.sample((*KEYS, "", "x"), chance.randrange(4))
        return {key: _random_value(chance, depth - 1) for key in keys}
    if shape < 0.6:
        return [_random_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return chance.choice((*INVALID, *CONDITIONS, -(2**63), 2**63 - 1, "2026-01-02T03:04:05Z", "\x00"))


def _object(place: tuple[str, str, str], document: Document) -> Document:
    api_version, kind, name = place
    metadata = {"name": name, "namespace": "default", "uid": "u-1", "generation": 2, "resourceVersion": "7"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **document}

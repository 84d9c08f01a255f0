"""Objects as no cluster should have them, and a few as clusters do: what `health` must live through.

Pure, and the same for everyone: what is made up comes from a generator with a seed. Hypothesis would shrink what it
finds, and takes longer to import than all of this.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

from rudr_py.testing.protocols import Document

EXAMPLES = 50
"""How many situations are made up."""

DEPTH = 3
"""How deep made up values are nested."""

ODD: tuple[Any, ...] = (None, {}, [], "", "x", 0, -1, 1.5, True, [None], [{}], ["x"], [1], {"": None}, {"x": {}})
KEYS = (
    *("conditions", "observedGeneration", "replicas", "readyReplicas", "updatedReplicas", "availableReplicas"),
    *("phase", "succeeded", "failed", "active", "loadBalancer", "currentMetrics", "desiredReplicas", "url", "message"),
)
"""What controllers write into status."""

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
    """Situations: what the cluster has of the objects (apiVersion, kind, name), each junk of another sort."""
    yield ()
    for status in statuses():
        yield tuple(_object(place, {"status": status}) for place in kinds)
    for odd in ODD:
        yield tuple(_object(place, {"spec": odd, "status": {"conditions": odd}}) for place in kinds)
        yield tuple(_object(place, {"data": odd}) for place in kinds)
    chance = random.Random(0)  # noqa: S311 - variety is wanted, not secrecy
    for _ in range(EXAMPLES if kinds else 0):
        parts = [[part for part in ("spec", "status", "data") if chance.random() < 2 / 3] for _ in kinds]
        yield tuple(
            _object(place, {part: _made_up(chance, DEPTH) for part in chosen})
            for place, chosen in zip(kinds, parts, strict=True)
        )


def statuses() -> Iterator[Any]:
    """Values of a status field."""
    yield from ODD
    for odd in ODD:
        yield from ({key: odd} for key in KEYS)
    for condition in CONDITIONS:
        yield {"conditions": [condition], "observedGeneration": 1}
    yield {"conditions": list(CONDITIONS)}


def _made_up(chance: random.Random, depth: int) -> Any:
    """Any JSON, mostly with the keys and conditions that controllers write."""
    shape = chance.random() if depth else 1.0
    if shape < 0.4:
        keys = chance.sample((*KEYS, "", "x"), chance.randrange(4))
        return {key: _made_up(chance, depth - 1) for key in keys}
    if shape < 0.6:
        return [_made_up(chance, depth - 1) for _ in range(chance.randrange(4))]
    return chance.choice((*ODD, *CONDITIONS, -(2**63), 2**63 - 1, "2026-01-02T03:04:05Z", "\x00"))


def _object(place: tuple[str, str, str], body: Document) -> Document:
    api_version, kind, name = place
    metadata = {"name": name, "namespace": "default", "uid": "u-1", "generation": 2, "resourceVersion": "7"}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **body}

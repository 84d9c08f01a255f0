"""Merges the sizes that the traits of an instance ask for into one, in any order, or says why it cannot."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rudr_py.api import Scale


class Wish(msgspec.Struct, frozen=True):
    """A size and who asks for it: the trait's name and the JSON path of its binding."""

    scale: Scale
    trait: str
    path: str


class Clash(msgspec.Struct, frozen=True):
    """Two wishes that cannot both be met; `path` is where the later one stands."""

    message: str
    path: str


def merge(wishes: Sequence[Wish]) -> Scale | Clash | None:
    """One size for all wishes; None when there are none.

    One base of exact, range or external; a hold alone is exact; a hold on a range raises its bounds; a hold on
    anything else, two bases and two holds clash.
    """
    bases = [wish for wish in wishes if wish.scale.form != "hold"]
    holds = [wish for wish in wishes if wish.scale.form == "hold"]
    for several in (bases, holds):
        if len(several) > 1:
            return _clash(several[0], several[1])
    if not holds:
        return bases[0].scale if bases else None
    hold = holds[0].scale.replicas
    if not bases:
        return Scale.exact(hold)
    base = bases[0].scale
    if base.form != "range":
        return _clash(bases[0], holds[0])
    return msgspec.structs.replace(base, minimum=max(base.minimum, hold), maximum=max(base.maximum, hold))


def _clash(first: Wish, second: Wish) -> Clash:
    return Clash(
        f'the traits "{first.trait}" and "{second.trait}" both decide the number of replicas; remove one of them',
        max(first.path, second.path),
    )

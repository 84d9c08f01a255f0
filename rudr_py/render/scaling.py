"""Merges the sizes that the traits of an instance ask for into one, in any order, or says why it cannot."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rudr_py.api import Scale


class ScaleRequest(msgspec.Struct, frozen=True):
    """A size and who asks for it: the trait's name and the JSON path of its binding."""

    scale: Scale
    trait: str
    path: str


class ScaleClash(msgspec.Struct, frozen=True):
    """Wishes that cannot all be met; `path` is where the last of them stands."""

    message: str
    path: str


class MergedScale(msgspec.Struct, frozen=True):
    """The one size, and the wish that decides its form."""

    scale: Scale
    by: ScaleRequest


def merge(wishes: Sequence[ScaleRequest]) -> MergedScale | ScaleClash | None:
    """One size for all wishes, which are in the listed order; None when there are none.

    One base of exact, range or external; a hold alone is exact; a hold on a range raises its bounds; a hold on
    anything else, two bases and two holds clash.
    """
    bases = [wish for wish in wishes if wish.scale.form != "hold"]
    holds = [wish for wish in wishes if wish.scale.form == "hold"]
    if not wishes:
        return None
    held = bool(holds) and any(base.scale.form != "range" for base in bases)
    if len(bases) > 1 or len(holds) > 1 or held:
        return _clash(wishes)
    if not holds:
        return MergedScale(bases[0].scale, bases[0])
    hold = holds[0].scale.replicas
    if not bases:
        return MergedScale(Scale.exact(hold), holds[0])
    base = bases[0].scale
    size = msgspec.structs.replace(base, minimum=max(base.minimum, hold), maximum=max(base.maximum, hold))
    return MergedScale(size, bases[0])


def _clash(wishes: Sequence[ScaleRequest]) -> ScaleClash:
    *names, last = sorted(f'"{wish.trait}"' for wish in wishes)
    message = f"the traits {', '.join(names)} and {last} cannot all decide the number of replicas; remove one of them"
    return ScaleClash(message, wishes[-1].path)

"""The results of the calls of an instance's types, and their combination: all objects, with all edits applied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

import msgspec

from rudr_py.api import Context, Manifest, Ref, Rendered
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.render import edits
from rudr_py.render.edits import Change
from rudr_py.render.types.first_seen import FirstSeenTimes
from rudr_py.render.values.plan import BoundType, Holder

C_co = TypeVar("C_co", bound=Context[Any], covariant=True)
C = TypeVar("C", bound=Context[Any])


class CallResult(msgspec.Struct, Generic[C_co], frozen=True, kw_only=True):
    """The result of one call of a type; `path` is that of its binding, `properties` are those of a trait.

    `times` are those that `Context.first_seen` returns. `held` is set where the type returned a Hold; then `rendered`
    has no objects.
    """

    offer: Offer[Any]
    context: C_co
    path: str
    rendered: Rendered
    times: FirstSeenTimes
    properties: dict[str, Any] = {}
    held: tuple[Holder, ...] = ()


AnyResult = CallResult[Context[Any]]


class Combination(msgspec.Struct, frozen=True, kw_only=True):
    """All manifests with their edits applied, and the edits. With problems or faults, the manifests are incomplete."""

    manifests: Mapping[Ref, Manifest]
    changes: Sequence[Change]
    problems: tuple[Problem, ...] = ()
    faults: tuple[Problem, ...] = ()


def combination_of(results: Sequence[AnyResult]) -> Combination:
    """Combine the results of all types of an instance. Raises nothing."""
    manifests: dict[Ref, Manifest] = {}
    problems: list[Problem] = []
    taken: set[tuple[str, str, str]] = set()
    for result in results:
        for manifest in result.rendered.add:
            # an object is the same in all versions of its API
            identity = (manifest.kind.group, manifest.kind.kind, manifest.name)
            if identity in taken:
                message = f'"{result.offer.name}" adds {manifest.ref}, which this instance already has'
                problems.append(Problem(message, result.path, rule="TR-4"))
            taken.add(identity)
            manifests.setdefault(manifest.ref, manifest)
    changes = [Change(edit, result.offer.name, result.path) for result in results for edit in result.rendered.edit]
    problems += (Problem(clash.message, clash.path, rule="TR-4") for clash in edits.clashes(changes, manifests))
    if problems:
        return Combination(manifests=manifests, changes=changes, problems=tuple(problems))
    return _edited(manifests, changes)


def name_and_properties(result: AnyResult) -> tuple[str, bytes]:
    """The sort key of results that are combined in the same way in any listed order."""
    return result.offer.name, msgspec.json.encode(result.properties, order="deterministic")


def bound(result: CallResult[C], manifests_own: Sequence[Manifest], edited: Mapping[Ref, Manifest]) -> BoundType[C]:
    """The type with its context, in which `manifests` are its objects after all edits."""
    manifests = tuple(edited[manifest.ref] for manifest in manifests_own)
    return BoundType(
        offer=result.offer,
        context=msgspec.structs.replace(result.context, manifests=manifests),
        refs=tuple(manifest.ref for manifest in manifests),
        first_seen=result.times.requested(result.offer),
    )


def bound_held(result: CallResult[C]) -> BoundType[C]:
    """The type of a held instance or scope, without objects. It keeps the times that the status has."""
    return BoundType(
        offer=result.offer,
        context=msgspec.structs.replace(result.context, manifests=()),
        first_seen=result.times.kept(result.offer),
    )


def _edited(manifests: Mapping[Ref, Manifest], changes: Sequence[Change]) -> Combination:
    changes_of = edits.by_object(changes)
    final: dict[Ref, Manifest] = {}
    faults: list[Problem] = []
    for ref, manifest in manifests.items():
        final[ref], misfits = edits.edited(manifest, changes_of.get(ref, ()))
        faults += (Problem(misfit.message, misfit.path, rule="TR-4") for misfit in misfits)
    return Combination(manifests=final, changes=changes, faults=tuple(faults))

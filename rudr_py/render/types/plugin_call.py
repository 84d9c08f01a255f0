"""Calls a type: copies go in, a checked copy comes out. What a plugin does to its values harms nobody else.

Nothing that a type returns is taken on trust: frozen values are not checked when they are made. What is checked
here is whether an answer is what the API says it is; whether it fits the instance is decided in `instance`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from rudr_py.api import (
    Attached,
    Context,
    DropField,
    Health,
    InvalidProperties,
    Manifest,
    Member,
    Path,
    Rendered,
    Scale,
    Scope,
    ScopeContext,
    SetField,
    WorkloadContext,
    WorkloadType,
    naming,
)
from rudr_py.api.component import Component
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import names, paths

HEAD = frozenset({"apiVersion", "kind", "metadata"})
"""The fields of an object that the core writes; a body may not have them."""


LARGEST = 8 * 2**20
"""Bytes of one answer as JSON: far more than any server would take, and little enough to go on working."""


class _Given(msgspec.Struct, frozen=True, omit_defaults=True):
    """The parts of a context that a type could change in place; a class of contexts has some of them only."""

    manifests: tuple[Manifest, ...]
    component: Component | UnsetType = UNSET
    parameters: Mapping[str, Any] | UnsetType = UNSET
    traits: tuple[Attached, ...] | UnsetType = UNSET
    members: tuple[Member, ...] | UnsetType = UNSET
    probe_results: Mapping[str, str | None] | UnsetType = UNSET


C = TypeVar("C", bound=Context[Any])

Told = Callable[[str, str], Problem]
"""Message and path of a problem in InvalidProperties -> the problem in its document."""

_PLAIN_FIELDS = [field for field in msgspec.structs.fields(Rendered) if field.name != "edit"]

_Plain = msgspec.defstruct("_Plain", [(field.name, field.type) for field in _PLAIN_FIELDS], frozen=True)
"""A Rendered without its edits: JSON cannot tell a SetField from a DropField."""

# a set in a body has another order in each process
_ENCODER = msgspec.json.Encoder(order="deterministic")
_GIVEN = msgspec.json.Decoder(_Given)
_PLAIN = msgspec.json.Decoder(_Plain)
_HEALTH = msgspec.json.Decoder(Health)
_LABELS = msgspec.json.Decoder(dict[str, str] | None)
_STATUS = msgspec.json.Decoder(dict[str, Any] | None)
_EDITS: dict[type, msgspec.json.Decoder[Any]] = {kind: msgspec.json.Decoder(kind) for kind in (SetField, DropField)}


def render(offer: Offer[Any], function: Callable[..., Rendered], context: Context[Any]) -> Rendered:
    """Call `function`, a method of the type that answers a context with a Rendered.

    Raises InvalidProperties as the type raised it, and PluginCallError for any other failure and any answer that does
    not match the API. A type that changed the context causes a warning.
    """
    before = msgspec.json.encode(_given(context))
    fresh = _GIVEN.decode(before)
    answer = offer.call(function, _with(context, fresh), returns=Rendered)
    rendered = _copied(offer, answer)
    fault = next(_faults(offer, rendered), "")
    if fault:
        raise offer.fault(fault)
    if _encoded(fresh) != before:
        warning = f"{offer.name} of {offer.package} changed values that it was given; the changes have no effect"
        rendered = msgspec.structs.replace(rendered, warnings=(*rendered.warnings, warning))
    return rendered


def health(offer: Offer[Any], context: Context[Any]) -> Health:
    """Call `health` of a type. Raises InvalidProperties and PluginCallError as `render` does."""
    answer = offer.call(offer.type.health, _fresh(context), returns=Health)
    found: Health = _checked(offer, _HEALTH, answer, "a Health")
    return found


def pods(offer: Offer[WorkloadType[Any]], context: WorkloadContext[Any]) -> dict[str, str]:
    """Call `pods` of a workload type; none that are known is {}. Raises as `render` does."""
    answer = offer.call(offer.type.pods, _fresh(context), returns=object)
    found: dict[str, str] | None = _checked(offer, _LABELS, answer, "labels of pods")
    return found or {}


def status(offer: Offer[Scope[Any]], context: ScopeContext[Any]) -> dict[str, Any] | None:
    """Call `status` of a scope type. Raises as `render` does."""
    answer = offer.call(offer.type.status, _fresh(context), returns=object)
    found: dict[str, Any] | None = _checked(offer, _STATUS, answer, "a status")
    return found


def refusals(offer: Offer[Any], refusal: InvalidProperties, told: Told) -> list[Problem]:
    """What a type refuses, as problems of documents; never none."""
    if not refusal.problems:
        # a refusal must not vanish: an instance without an answer would lose its objects
        return [told(f"{offer.name} of {offer.package} refuses this and does not say why", paths.ROOT)]
    return [told(str(problem.message), str(problem.path)) for problem in refusal.problems]


def _checked(offer: Offer[Any], decoder: msgspec.json.Decoder[Any], answer: object, what: str) -> Any:
    """The answer by way of JSON: of the type that it should be, and shared with nobody."""
    try:
        return decoder.decode(_ENCODER.encode(answer))
    except Exception as error:
        # foreign values may fail in any way while they are looked at
        raise offer.fault(f"returned {what} that is none: {error}") from error


def _given(context: Context[Any]) -> _Given:
    fields: dict[str, Any] = {name: getattr(context, name, UNSET) for name in _Given.__struct_fields__}
    return _Given(**fields)


def _fresh(context: C) -> C:
    return _with(context, _GIVEN.decode(msgspec.json.encode(_given(context))))


def _with(context: C, fresh: _Given) -> C:
    # a model is the author's own; a dict would be shared with the next call
    own = copy.deepcopy(context.properties) if isinstance(context.properties, dict) else context.properties
    fields = {name: value for name, value in msgspec.structs.asdict(fresh).items() if value is not UNSET}
    return msgspec.structs.replace(context, properties=own, **fields)


def _encoded(given: _Given) -> bytes:
    try:
        return msgspec.json.encode(given)
    except Exception:  # noqa: BLE001 - whatever a type has put in there, it is a change
        return b""


def _copied(offer: Offer[Any], answer: Rendered) -> Rendered:
    """The answer by way of JSON: every field has its declared type, and nothing is shared with the plugin."""
    try:
        encoded = _ENCODER.encode(_Plain(*(getattr(answer, field.name) for field in _PLAIN_FIELDS)))
        checked = msgspec.structs.asdict(_PLAIN.decode(encoded))
        edits = tuple(_EDITS[type(edit)].decode(_ENCODER.encode(edit)) for edit in answer.edit)
    except Exception as error:
        # foreign values may fail in any way while they are looked at
        reason = f"an edit is a {error.args[0].__name__}" if isinstance(error, KeyError) else str(error)
        raise offer.fault(f"returned a Rendered that is none: {reason}") from error
    if len(encoded) > LARGEST:
        raise offer.fault(f"returned {len(encoded)} bytes of objects, and the most is {LARGEST}")
    return Rendered(edit=edits, **checked)


def _faults(offer: Offer[Any], rendered: Rendered) -> Iterator[str]:
    for manifest in rendered.add:
        if manifest.kind not in offer.type.produces:
            # only kinds that are declared are watched and permitted
            yield f"added {manifest.ref}, a kind that it does not declare to produce"
        if not 0 < len(manifest.name) <= naming.LIMIT:
            yield f'added {manifest.ref}, whose name must have 1 to {naming.LIMIT} characters; use ctx.name("...")'
        elif names.wrong_object_name(manifest.name):
            yield f'added {manifest.ref}, whose name no object can have; use ctx.name("...")'
        if manifest.retain and manifest.delete_with_application:
            yield f"added {manifest.ref} with both retain and delete_with_application, which contradict each other"
        taken = sorted(HEAD & set(manifest.body))
        if taken:
            yield f"added {manifest.ref} with {', '.join(taken)} in its body, which the core writes"
    for edit in rendered.edit:
        if not _editable(edit.path) or (edit.path[0] == "metadata" and not _textual(edit)):
            yield f"edits {edit.ref} at {edit.path}, which is no field of a body, label or annotation"
    if rendered.wake_at is not None and rendered.wake_at.tzinfo is None:
        yield "returned a wake_at without a time zone; make it from ctx.now"
    if rendered.scale is not None and not _sound(rendered.scale):
        yield f"asks for a size that none can have: {rendered.scale}"


def _editable(path: Path) -> bool:
    if not path or isinstance(path[0], dict):
        return False
    if path[0] == "metadata":
        return len(path) == 3 and path[1] in ("labels", "annotations") and isinstance(path[2], str)
    return path[0] not in HEAD


def _textual(edit: SetField | DropField) -> bool:
    return isinstance(edit, DropField) or isinstance(edit.value, str)


def _sound(size: Scale) -> bool:
    return size.replicas >= 0 and 0 <= size.minimum <= size.maximum

"""Calls types: passes copies, and returns checked copies, so that a plugin cannot modify the values of other types.

Everything that a type returns is checked, because frozen values are not validated when they are created. Checked here
is the form of a result; `instance` checks whether it fits the instance.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec import UNSET, UnsetType

from rudr_py.api import (
    Attached,
    Context,
    DropField,
    Health,
    Hold,
    InvalidProperties,
    Manifest,
    Member,
    Path,
    PodTemplatePlace,
    Rendered,
    Scope,
    ScopeContext,
    SetField,
    WorkloadContext,
    WorkloadType,
    naming,
    places,
)
from rudr_py.api.component import Component
from rudr_py.catalog import Offer
from rudr_py.errors import Problem
from rudr_py.model import names, paths

HEAD = frozenset({"apiVersion", "kind", "metadata"})
"""The fields of an object that the core sets; a body must not have them."""


LARGEST = 8 * 2**20
"""Maximum bytes of one result as JSON: more than an API server accepts, and few enough to process."""

LONGEST_REASON: Final = 300
"""Maximum characters of the reason of a Hold: the status contains it several times, for each instance."""

CONTEXT_CHANGED: Final = "changed values of its context"
"""Part of the warning about a type that changed its context."""


class _MutableFields(msgspec.Struct, frozen=True, omit_defaults=True):
    """The fields of a context that a type could change in place; each class of contexts has some of them."""

    manifests: tuple[Manifest, ...]
    component: Component | UnsetType = UNSET
    parameters: Mapping[str, Any] | UnsetType = UNSET
    pod_templates: tuple[PodTemplatePlace, ...] | UnsetType = UNSET
    traits: tuple[Attached, ...] | UnsetType = UNSET
    members: tuple[Member, ...] | UnsetType = UNSET
    probe_results: Mapping[str, str | None] | UnsetType = UNSET


C = TypeVar("C", bound=Context[Any])

ToProblem = Callable[[str, str], Problem]
"""Message and path of a problem in InvalidProperties -> the problem in its document."""

_PLAIN_FIELDS = [field for field in msgspec.structs.fields(Rendered) if field.name != "edit"]

_Plain = msgspec.defstruct("_Plain", [(field.name, field.type) for field in _PLAIN_FIELDS], frozen=True)
"""A Rendered without its edits: in JSON a SetField and a DropField are not distinguishable."""

# a set in a body has another order in each process
_ENCODER = msgspec.json.Encoder(order="deterministic")
_MUTABLE_FIELDS = msgspec.json.Decoder(_MutableFields)
_PLAIN = msgspec.json.Decoder(_Plain)
_HEALTH = msgspec.json.Decoder(Health)
_HOLD = msgspec.json.Decoder(Hold)
_LABELS = msgspec.json.Decoder(dict[str, str] | None)
_PLACES = msgspec.json.Decoder(tuple[PodTemplatePlace, ...])
_STATUS = msgspec.json.Decoder(dict[str, Any] | None)
_EDITS: dict[type, msgspec.json.Decoder[Any]] = {kind: msgspec.json.Decoder(kind) for kind in (SetField, DropField)}


def render(
    offer: Offer[Any], function: Callable[..., Rendered | Hold], context: Context[Any], *, may_hold: bool = True
) -> Rendered | Hold:
    """Call `function`, a method of the type that returns a Rendered for a context, or with `may_hold` a Hold.

    Raises InvalidProperties as raised by the type, and PluginCallError for any other failure and any result that does
    not match the API. A type that changed the context causes a warning.
    """
    copied, fields, original = _copy(context)
    result = offer.call(function, copied, returns=Rendered | Hold if may_hold else Rendered)
    if isinstance(result, Hold):
        return _copied_hold(offer, context, result)
    rendered = _copied(offer, context, result)
    fault = next(itertools.chain(_faults(offer, rendered), _faults_of_dependencies(rendered)), "")
    if fault:
        raise offer.fault(fault, context)
    try:
        is_unchanged = msgspec.json.encode(fields) == original
    except Exception:  # noqa: BLE001 - a value that cannot be encoded is a change
        is_unchanged = False
    if not is_unchanged:
        warning = f"{offer.name} of {offer.package} {CONTEXT_CHANGED}; the changes have no effect"
        rendered = msgspec.structs.replace(rendered, warnings=(*rendered.warnings, warning))
    return rendered


def health(offer: Offer[Any], context: Context[Any]) -> Health:
    """Call `health` of a type. Raises InvalidProperties and PluginCallError like `render`."""
    own = context if offer.is_standard else _copy(context)[0]
    result = offer.call(offer.type.health, own, returns=Health)
    health: Health = _checked(offer, context, _HEALTH, result, "a Health")
    return health


def pods(offer: Offer[WorkloadType[Any]], context: WorkloadContext[Any]) -> dict[str, str]:
    """Call `pods` of a workload type; {} if it returns None. Raises like `render`."""
    result = offer.call(offer.type.pods, _copy(context)[0], returns=object)
    labels: dict[str, str] | None = _checked(offer, context, _LABELS, result, "labels of pods")
    return labels or {}


def pod_templates(offer: Offer[WorkloadType[Any]], context: WorkloadContext[Any]) -> tuple[PodTemplatePlace, ...]:
    """Call `pod_templates` of a workload type that provides them; the places have their templates.

    `context.manifests` are the objects that the type rendered. Raises like `render`.
    """
    declared: tuple[PodTemplatePlace, ...]
    if type(offer.type).pod_templates is WorkloadType.pod_templates:
        # the default only reads the manifests, so it needs no copy of the context in every rendering
        declared = tuple(places.built_in(context.manifests))
    else:
        result = offer.call(offer.type.pod_templates, _copy(context)[0], returns=object)
        declared = _checked(offer, context, _PLACES, result, "places of pod templates")
    filled = []
    for place in declared:
        template = places.filled(place, context.manifests)
        if template is None:
            where = ".".join(place.path)
            raise offer.fault(f"names {where} of {place.ref} as a pod template, which is not one", context)
        filled.append(template)
    if not filled:
        raise offer.fault("provides pod-template, but no object that it added has a pod template", context)
    return tuple(filled)


def status(offer: Offer[Scope[Any]], context: ScopeContext[Any]) -> dict[str, Any] | None:
    """Call `status` of a scope type. Raises like `render`."""
    result = offer.call(offer.type.status, _copy(context)[0], returns=object)
    status: dict[str, Any] | None = _checked(offer, context, _STATUS, result, "a status")
    return status


def refusals(offer: Offer[Any], invalid: InvalidProperties, to_problem: ToProblem) -> list[Problem]:
    """The problems of an InvalidProperties, as problems of documents; at least one."""
    if not invalid.problems:
        # without a problem the instance would be valid without manifests, and its objects would be pruned
        return [to_problem(f"{offer.name} of {offer.package} rejects this without a reason", paths.ROOT)]
    return [to_problem(str(problem.message), str(problem.path)) for problem in invalid.problems]


def _checked(
    offer: Offer[Any], context: Context[Any], decoder: msgspec.json.Decoder[Any], result: object, name: str
) -> Any:
    """The result, converted to JSON and back: it has the expected type and shares no values."""
    try:
        return decoder.decode(_ENCODER.encode(result))
    except Exception as error:
        # foreign values may raise anything while they are encoded
        raise offer.fault(f"returned {name} that is not valid: {error}", context) from error


def _copy(context: C) -> tuple[C, _MutableFields, bytes]:
    """A copy of the context that shares no values, the fields of the copy that a type could change, and their JSON."""
    mutable: dict[str, Any] = {name: getattr(context, name, UNSET) for name in _MutableFields.__struct_fields__}
    members = context.members if isinstance(context, ScopeContext) else ()
    if members:
        # each member has the names of all instances of its application: a tuple of texts, which can be shared
        mutable["members"] = tuple(msgspec.structs.replace(member, application_instances=()) for member in members)
    encoded = msgspec.json.encode(_MutableFields(**mutable))
    fields = _MUTABLE_FIELDS.decode(encoded)
    # a model belongs to the plugin; a dict would be shared with the next call
    own = copy.deepcopy(context.properties) if isinstance(context.properties, dict) else context.properties
    copied = {name: value for name, value in msgspec.structs.asdict(fields).items() if value is not UNSET}
    if members:
        copied["members"] = tuple(
            msgspec.structs.replace(copied_member, application_instances=member.application_instances)
            for copied_member, member in zip(copied["members"], members, strict=True)
        )
    return msgspec.structs.replace(context, properties=own, **copied), fields, encoded


def _copied(offer: Offer[Any], context: Context[Any], rendered: Rendered) -> Rendered:
    """The result, converted to JSON and back: fields have their declared types, and the plugin shares no values."""
    try:
        encoded = _ENCODER.encode(_Plain(*(getattr(rendered, field.name) for field in _PLAIN_FIELDS)))
        checked = msgspec.structs.asdict(_PLAIN.decode(encoded))
        edits = tuple(_EDITS[type(edit)].decode(_ENCODER.encode(edit)) for edit in rendered.edit)
    except Exception as error:
        # foreign values may raise anything while they are encoded
        raise offer.fault(f"returned a Rendered that is not valid: {_reason(error, rendered)}", context) from error
    if len(encoded) > LARGEST:
        raise offer.fault(f"returned {len(encoded)} bytes of objects; the maximum is {LARGEST}", context)
    return Rendered(edit=edits, **checked)


def _copied_hold(offer: Offer[Any], context: Context[Any], hold: Hold) -> Hold:
    """The Hold as values of the declared types; its reason is one line of limited length."""
    copied: Hold = _checked(offer, context, _HOLD, hold, "a Hold")
    reason = names.one_line(copied.reason, LONGEST_REASON)
    if not reason:
        raise offer.fault("returned a Hold without a reason", context)
    if copied.until is not None and copied.until.tzinfo is None:
        raise offer.fault("returned a Hold until a time without a time zone; compute it from ctx.now", context)
    return Hold(reason, copied.until)


def _reason(error: Exception, rendered: Rendered) -> str:
    """Why a result cannot be converted to JSON and back, in words for the author of the type."""
    if isinstance(error, KeyError):
        return f"an edit is a {error.args[0].__name__}"
    edits: object = rendered.edit
    for edit in edits if isinstance(edits, (tuple, list)) else ():
        path = getattr(edit, "path", ())
        steps = path if isinstance(path, (tuple, list)) else ()
        for step in steps:
            if isinstance(step, int):
                entry = 'name the entry by its key, such as {"name": "web"}'
                return f"the path of an edit of {edit.ref} has the index {step}; {entry}"
    return str(error)


def _faults(offer: Offer[Any], rendered: Rendered) -> Iterator[str]:
    for manifest in rendered.add:
        if manifest.kind not in offer.type.produces:
            # only kinds that are declared are watched and permitted
            yield f"added {manifest.ref}, whose kind is not in its `produces`"
        if not 0 < len(manifest.name) <= naming.LIMIT:
            yield f'added {manifest.ref}, whose name must have 1 to {naming.LIMIT} characters; use ctx.name("...")'
        elif names.wrong_object_name(manifest.name):
            yield f'added {manifest.ref}, whose name is not valid; use ctx.name("...")'
        if manifest.retain and manifest.delete_with_application:
            yield f"added {manifest.ref} with both retain and delete_with_application, which contradict each other"
        if manifest.adopt and not (manifest.retain or manifest.delete_with_application):
            yield f"added {manifest.ref} with adopt, which requires retain or delete_with_application"
        taken = sorted(HEAD & set(manifest.body))
        if taken:
            yield f"added {manifest.ref} with {', '.join(taken)} in its body; the core sets these fields"
    for edit in rendered.edit:
        is_text = isinstance(edit, DropField) or isinstance(edit.value, str)
        if not _editable(edit.path) or (edit.path[0] == "metadata" and not is_text):
            yield f"edits {edit.ref} at {edit.path}, which is not a field of a body, a label or an annotation"
    if rendered.wake_at is not None and rendered.wake_at.tzinfo is None:
        yield "returned a wake_at without a time zone; compute it from ctx.now"
    scale = rendered.scale
    if scale is not None and not (scale.replicas >= 0 and 0 <= scale.minimum <= scale.maximum):
        yield f"requests a scale that is not valid: {scale}"


def _faults_of_dependencies(rendered: Rendered) -> Iterator[str]:
    for dependency in rendered.depends_on:
        if dependency.timeout is not None and dependency.timeout <= timedelta():
            yield f"depends on {dependency.instance} with a timeout that is not positive"


def _editable(path: Path) -> bool:
    if not path or isinstance(path[0], dict):
        return False
    if path[0] == "metadata":
        return len(path) == 3 and path[1] in ("labels", "annotations") and isinstance(path[2], str)
    return path[0] not in HEAD

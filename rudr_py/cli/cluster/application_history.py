"""The revisions of an application in a cluster, and the difference between two of them in words.

The words contain names and images, but no values.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from rudr_py import errors
from rudr_py.api import get_in, mappings_in
from rudr_py.cli.cluster import client as cluster_client
from rudr_py.cli.cluster.client import ClusterClient
from rudr_py.cli.process import CommandFailure
from rudr_py.kube.requests import Selection, Target
from rudr_py.model.kinds import APPLICATION
from rudr_py.render import revisions
from rudr_py.render.revisions import Revision

Document = dict[str, Any]

Values = Mapping[str, Any]

Compare = Callable[[str, Values, Values], Iterator[str]]
"""The differences between two documents of a name, in words."""


class History(msgspec.Struct, frozen=True):
    """An application and its revisions, the oldest first. `current` is the number in its status; 0 for none."""

    application: Document
    revisions: tuple[Revision, ...]
    current: int

    def revision(self, number: int) -> Revision:
        """The revision with a number. Raises CommandFailure."""
        revision = next((each for each in self.revisions if each.number == number), None)
        if revision is None:
            kept = ", ".join(str(revision.number) for revision in self.revisions) or "none"
            raise CommandFailure(f"error: revision {number} is not kept; kept revisions: {kept}")
        return revision


async def read(client: ClusterClient, name: str) -> History:
    """The history of an application. Raises CommandFailure for one that does not exist."""
    resource = await client.resource(APPLICATION)
    try:
        application = await client.client.get(Target(resource, client.namespace, name))
    except errors.NotFoundError:
        raise cluster_client.not_found(name) from None
    uid = get_in(application, "metadata", "uid", default="")
    resource = await client.resource(revisions.KIND)
    selection = Selection(resource, client.namespace, labels=f"{revisions.UID_LABEL}={uid}")
    stored = [revisions.read(document) for document in await client.client.list_all(selection)]
    kept = sorted((revision for revision in stored if revision is not None), key=lambda revision: revision.number)
    return History(application, tuple(kept), get_in(application, "status", "currentRevision", "number", default=0))


def images(revision: Revision) -> list[str]:
    """The images of the containers, in the order of the components."""
    return [
        str(container.get("image", ""))
        for component in revision.components
        for container in mappings_in(component, "spec", "containers")
    ]


def changes(before: Revision, after: Revision) -> list[str]:
    """The changes from one revision to another, a phrase for each; components first."""
    old, new = _by_name(before.components), _by_name(after.components)
    return [
        *_keys("component", old, new, _component_changes),
        *_keys(
            "instance",
            _instances(before.application),
            _instances(after.application),
            _instance_changes,
        ),
        *_spec_changes(before.application, after.application),
    ]


def _keys(label: str, old: Mapping[str, Values], new: Mapping[str, Values], compare: Compare) -> Iterator[str]:
    """The names that one side lacks, and the differences of the others by `compare`."""
    for name in [*old, *(name for name in new if name not in old)]:
        if name not in new:
            yield f"{label} {name} removed"
        elif name not in old:
            yield f"{label} {name} added"
        elif old[name] != new[name]:
            yield from compare(name, old[name], new[name])


def _component_changes(name: str, old: Values, new: Values) -> Iterator[str]:
    before, after = _by_name(mappings_in(old, "spec", "containers")), _by_name(mappings_in(new, "spec", "containers"))
    seen = 0
    for container in before.keys() & after.keys():
        one, other = before[container].get("image"), after[container].get("image")
        if one != other:
            seen += 1
            yield f"component {name}: image {one} -> {other}"
    fields = sorted(set(_changed(get_in(old, "spec", default={}), get_in(new, "spec", default={}))))
    if "containers" in fields and seen and _without_images(old) == _without_images(new):
        fields.remove("containers")
    if fields:
        yield f"component {name}: {', '.join(fields)}"
    elif not seen:
        yield f"component {name}: annotations"


def _without_images(component: Values) -> list[Document]:
    return [
        {key: value for key, value in container.items() if key != "image"}
        for container in mappings_in(component, "spec", "containers")
    ]


def _instance_changes(name: str, old: Values, new: Values) -> Iterator[str]:
    one, other = old.get("componentName"), new.get("componentName")
    if one != other:
        yield f"instance {name}: component {one} -> {other}"
    before, after = (
        {str(value.get("name")): value for value in mappings_in(each, "parameterValues")} for each in (old, new)
    )
    if changed := sorted(set(_changed(before, after))):
        yield f"instance {name}: parameter {', '.join(changed)}"
    before, after = ({str(trait.get("name")): trait for trait in mappings_in(each, "traits")} for each in (old, new))
    for trait in sorted({*before, *after}):
        if before.get(trait) != after.get(trait):
            verb = "added" if trait not in before else "removed" if trait not in after else "changed"
            yield f"instance {name}: trait {trait} {verb}"
    if old.get("applicationScopes") != new.get("applicationScopes"):
        yield f"instance {name}: scopes"


def _spec_changes(old: Document, new: Document) -> Iterator[str]:
    fields = set(_changed(get_in(old, "spec", default={}), get_in(new, "spec", default={}))) - {"components"}
    yield from (f"application: {field}" for field in sorted(fields))
    if old["metadata"] != new["metadata"]:
        yield "application: annotations"


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    return (key for key in {*old, *new} if old.get(key) != new.get(key))


def _by_name(documents: Any) -> dict[str, Document]:
    return {
        str(get_in(document, "metadata", "name", default="") or document.get("name")): document
        for document in documents
    }


def _instances(application: Document) -> dict[str, Values]:
    return {str(each.get("instanceName")): each for each in mappings_in(application, "spec", "components")}

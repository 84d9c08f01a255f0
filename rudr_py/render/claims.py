"""Volume claims of applications: to which instance one belongs, and warnings of volumes without a claim. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rudr_py.api import Kind, Ref, claims, get_in, naming
from rudr_py.errors import Problem
from rudr_py.model import paths
from rudr_py.model.application import Application
from rudr_py.model.component import Component
from rudr_py.render.scopes import membership
from rudr_py.render.values import labels, volumes
from rudr_py.render.values.inputs import NOTHING, NothingObserved, Observed
from rudr_py.render.values.plan import PlannedObject, RenderedInstance

CLAIM = Kind("v1", "PersistentVolumeClaim")


class ClaimsOfFiles(NothingObserved):
    """The claims in the files of the user, for offline rendering: further ones may exist in the cluster."""

    def __init__(self, documents: Mapping[str, dict[str, Any]]) -> None:
        """`documents` are the claims of the application's namespace, by name."""
        self._documents = documents

    def document(self, ref: Ref) -> dict[str, Any] | None:
        """The claim, or None."""
        return self._documents.get(ref.name) if ref.kind == CLAIM else None


def _is_offline(observed: Observed) -> bool:
    return observed is NOTHING or isinstance(observed, ClaimsOfFiles)


APPLICATION, INSTANCE = "app", "instance-name"
"""Rudr's labels for the application and the instance of a claim, which has no owner reference."""

COMPARED = 10_000
"""The most pairs of a former instance and a volume whose claim may have a name that cannot be separated again."""

INDEXED = (INSTANCE, labels.INSTANCE)
"""The labels by which the claims of an instance are searched."""


def is_own(present: Mapping[str, str], application: str, instance: str) -> bool:
    """Whether the labels of a claim name this instance: Rudr's labels, or rudr's if another client changed those."""
    if (present.get(APPLICATION), present.get(INSTANCE)) == (application, instance):
        return True
    named = (present.get(labels.APPLICATION), present.get(labels.INSTANCE))
    return labels.is_managed(present) and named == (naming.join(application), naming.join(instance))


def missing(instances: Mapping[int, RenderedInstance], observed: Observed) -> Iterator[Problem]:
    """Warnings of claims that pods of core workload types mount and that do not exist; `instances` by their index.

    Without observed objects only a claim for which the documents contain no word is reported.
    """
    manifests = (planned for rendered in instances.values() for planned in rendered.manifests)
    added = {planned.ref.name for planned in manifests if planned.ref.kind == CLAIM}
    for index, rendered in instances.items():
        if rendered.plan is None or not membership.core(rendered.plan.workload.offer.name):
            continue
        for volume, claim in rendered.mounted:
            if claim in added or (claim != volume and _is_offline(observed)) or observed.document(Ref(CLAIM, claim)):
                continue
            text = _missing_text(volume, claim, rendered.plan.name)
            yield Problem(text, paths.child("$", "spec", "components", index, "componentName"))


def contended(instances: Mapping[int, RenderedInstance]) -> Iterator[Problem]:
    """Problems of instances that mount one claim, which claimName names, for an Exclusive volume of one of them.

    A claim with the name of the volume is not a problem: without a volume-mounter, instances of Rudr had one claim.
    """
    users: dict[str, list[tuple[int, RenderedInstance, str]]] = {}
    for index, rendered in instances.items():
        if rendered.plan is None or not membership.core(rendered.plan.workload.offer.name):
            continue
        for volume, claim in rendered.mounted:
            if claim != volume:
                users.setdefault(claim, []).append((index, rendered, volume))
    for claim, (first, *further) in users.items():
        for index, rendered, volume in further:
            if rendered is not first[1] and (_is_exclusive(rendered, volume) or _is_exclusive(first[1], first[2])):
                yield Problem(
                    f'the claim "{claim}" is mounted by instance "{_name(first[1])}", too, and the volume of one of '
                    "them is Exclusive; use a claim for each, or set sharingPolicy: Shared if several pods may write "
                    "the data at the same time",
                    paths.child("$", "spec", "components", index),
                )


def is_exclusive(component: Component, volume: str) -> bool:
    """Whether only one pod may mount a volume of the component."""
    uses = [use for container in component.containers for use in container.resources.volumes if use.name == volume]
    return any(use.access_mode != "RO" for use in uses) and not any(use.sharing_policy == "Shared" for use in uses)


def _is_exclusive(rendered: RenderedInstance, volume: str) -> bool:
    return rendered.plan is not None and is_exclusive(rendered.plan.workload.context.component, volume)


def _name(rendered: RenderedInstance) -> str:
    return rendered.plan.name if rendered.plan is not None else ""


def former(
    application: Application, instances: Mapping[int, RenderedInstance], observed: Observed
) -> Iterator[Problem]:
    """Warnings of claims whose instance or application does not exist any more, for another instance of its component.

    The instance or the application may have been renamed.
    """
    names = {binding.instance_name for binding in application.components}
    if _is_offline(observed) or not any(
        rendered.plan and CLAIM in rendered.plan.reads for rendered in instances.values()
    ):
        return
    mounts = _Mounts(instances)
    for claim in observed.documents("", CLAIM):
        present = get_in(claim, "metadata", "labels", default={})
        name, old = get_in(claim, "metadata", "name", default=""), get_in(present, INSTANCE, default="")
        app = get_in(present, APPLICATION, default="")
        if not old or (app == application.metadata.name and old in names):
            continue
        owner = f'the former instance "{old}"'
        if app != application.metadata.name:
            owner = f'instance "{old}" of the former application "{app}"'
        for index, instance, volume, mounted in mounts.of(get_in(present, "component-name", default=""), old, name):
            if mounted != name:
                text = _former_text(name, owner, instance, volume)
                yield Problem(text, paths.child("$", "spec", "components", index, "instanceName"))


class _Mounts:
    """The volumes of all instances that have a claim, by the name of the component and of the volume."""

    def __init__(self, instances: Mapping[int, RenderedInstance]) -> None:
        self._mounts: dict[tuple[str, str], list[tuple[int, str, str, str]]] = {}
        self._volumes: dict[str, dict[str, None]] = {}
        self._new_names: dict[tuple[str, str], dict[str, str]] = {}
        self._left = COMPARED
        for index, rendered in instances.items():
            if rendered.plan is not None:
                component = rendered.plan.component
                for volume, mounted in rendered.mounted:
                    self._volumes.setdefault(component, {})[volume] = None
                    mount = (index, rendered.plan.name, volume, mounted)
                    self._mounts.setdefault((component, volume), []).append(mount)

    def of(self, component: str, old: str, claim: str) -> Iterator[tuple[int, str, str, str]]:
        """(index, instance, volume, mounted claim) of each volume for which `old` names its claim `claim`."""
        key = component, old
        if key not in self._new_names:
            volumes = tuple(itertools.islice(self._volumes.get(component, ()), self._left))
            self._left -= len(volumes)
            self._new_names[key] = {claims.new_name(old, volume): volume for volume in volumes}
        for volume in dict.fromkeys((claim, self._new_names[key].get(claim, claim))):
            yield from self._mounts.get((component, volume), ())


def _former_text(claim: str, owner: str, new: str, volume: str) -> str:
    return (
        f'the claim "{claim}" of {owner} is kept, and instance "{new}" does not use it; to take it '
        f'over, set claimName: {claim} and adopt: true for volume "{volume}" in the trait volume-mounter; otherwise '
        f'remove the label "{APPLICATION}" from the claim, which ends this warning'
    )


def _missing_text(volume: str, claim: str, instance: str) -> str:
    if claim != volume:
        return (
            f'the claim "{claim}" for volume "{volume}" of instance "{instance}" does not exist; pods wait for it; '
            f"correct claimName of the trait volume-mounter, or create the PersistentVolumeClaim"
        )
    return (
        f'volume "{volume}" of instance "{instance}" has no claim; pods wait for it; attach the trait volume-mounter, '
        f'with claimName to use an existing claim, or create the PersistentVolumeClaim "{claim}", if it does not exist'
    )


def mounted(manifests: Iterable[PlannedObject]) -> tuple[tuple[str, str], ...]:
    """The volumes in pod templates that have a claim, each with the name of the claim, once."""
    return tuple(
        dict.fromkeys(source for planned in manifests for source in volumes.claim_sources(planned.body.get("spec")))
    )

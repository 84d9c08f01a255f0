"""Warnings about claims: one that does not exist, and one of a former instance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from rudr_py.api import Kind
from rudr_py.catalog import Catalog
from rudr_py.render import render
from rudr_py.render.claims import CLAIM
from rudr_py.render.values.inputs import Inputs, NothingObserved

Document = dict[str, Any]

COMPONENT = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: notes}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  containers:
  - name: notes
    image: notes:1
    resources:
      volumes:
      - {name: settings, mountPath: /var/lib/notes, accessMode: RW, sharingPolicy: Exclusive DISK}
---
"""

APPLICATION = """
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: notes}
spec:
  components:
  - {componentName: notes, instanceName: notes, traits: TRAITS}
"""

MOUNTER = '[{name: volume-mounter, properties: {volumeName: settings, storageClass: ""}}]'
OTHER = "  - {componentName: notes, instanceName: reader}\n"


@pytest.mark.parametrize(
    ("traits", "disk", "instances", "places"),
    [
        ("[]", "", "", ["$.spec.components[0].componentName"]),
        (MOUNTER, "", "", []),
        (MOUNTER, "", OTHER, ["$.spec.components[1].componentName"]),
        (MOUNTER.replace('""', '"", claimName: archive').replace('storageClass: "", ', ""), "", "", []),
        ("[]", "", OTHER, ["$.spec.components[0].componentName", "$.spec.components[1].componentName"]),
        ("[]", ", disk: {required: 1Gi, ephemeral: true}", "", []),
        ("[{name: absent}]", "", "", []),
    ],
)
def test_a_volume_without_a_claim_is_a_warning(
    inputs: Callable[..., Inputs], catalog: Catalog, traits: str, disk: str, instances: str, places: list[str]
) -> None:
    text = COMPONENT.replace(" DISK", disk) + APPLICATION.replace("TRAITS", traits) + instances
    warnings = render.render(inputs(text), catalog).warnings
    assert [warning.path for warning in warnings] == places
    assert all('volume "settings"' in warning.message and "volume-mounter" in warning.message for warning in warnings)


ARCHIVE = "[{name: volume-mounter, properties: {volumeName: settings, claimName: archive}}]"
SECOND = "  - {componentName: notes, instanceName: reader, traits: TRAITS}\n"


@pytest.mark.parametrize(
    ("policy", "second", "places"),
    [
        ("Exclusive", ARCHIVE, ["$.spec.components[1]"]),
        ("Exclusive", ARCHIVE.replace("archive", "other"), []),
        ("Shared", ARCHIVE, []),
    ],
)
def test_two_instances_with_one_claim_for_an_exclusive_volume_are_a_problem(
    inputs: Callable[..., Inputs], catalog: Catalog, policy: str, second: str, places: list[str]
) -> None:
    component = COMPONENT.replace(" DISK", "").replace("Exclusive", policy)
    text = component + APPLICATION.replace("TRAITS", ARCHIVE) + SECOND.replace("TRAITS", second)
    plan = render.render(inputs(text), catalog)
    assert [problem.path for problem in plan.problems] == places
    assert all('"archive"' in problem.message and '"notes"' in problem.message for problem in plan.problems)


RETAINED: Document = {
    "apiVersion": "v1",
    "kind": "PersistentVolumeClaim",
    "metadata": {"name": "old-settings", "labels": {"app": "notes", "component-name": "notes", "instance-name": "old"}},
}


def changed(**labels: str) -> Document:
    """The retained claim with other labels."""
    metadata = {**RETAINED["metadata"], "labels": {**RETAINED["metadata"]["labels"], **labels}}
    return {**RETAINED, "metadata": metadata}


@pytest.mark.parametrize(
    ("claim", "is_reported"),
    [
        (RETAINED, True),
        ({**RETAINED, "metadata": {**RETAINED["metadata"], "name": "settings"}}, True),
        ({**RETAINED, "metadata": {**RETAINED["metadata"], "name": "other"}}, False),
        (changed(**{"component-name": "other"}), False),
        (changed(**{"instance-name": "notes"}), False),
        (changed(app="former"), True),
    ],
)
def test_the_claim_of_a_former_instance_of_the_component_is_a_warning(
    inputs: Callable[..., Inputs], catalog: Catalog, claim: Document, is_reported: bool
) -> None:
    documents = inputs(COMPONENT.replace(" DISK", "") + APPLICATION.replace("TRAITS", MOUNTER))
    observed = ClaimsOf("notes", claim)
    warnings = render.render(msgspec.structs.replace(documents, observed=observed), catalog).warnings
    assert [warning.path for warning in warnings] == ["$.spec.components[0].instanceName"] * is_reported
    assert all(f"claimName: {claim['metadata']['name']} and adopt: true" in warning.message for warning in warnings)


class ClaimsOf(NothingObserved):
    """The claims of an application, and of former ones."""

    def __init__(self, application: str, *claims: Document) -> None:
        self._claims = claims
        self._application = application

    def documents(self, instance: str, kind: Kind) -> tuple[Document, ...]:
        """Those of one instance, or of all."""
        if kind != CLAIM:
            return ()
        labels = [(claim, claim["metadata"]["labels"]) for claim in self._claims]
        own = ("", self._application)
        return tuple(
            claim
            for claim, label in labels
            if instance == "" or (label["app"] in own and label["instance-name"] == instance)
        )

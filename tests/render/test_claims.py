"""A volume without a claim is a warning: its pods wait for the claim."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rudr_py.catalog import Catalog
from rudr_py.render import render
from rudr_py.render.values.inputs import Inputs

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

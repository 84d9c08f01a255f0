"""The documents decide whether a claim is deleted with its application, also where they cannot be rendered."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from rudr_py.api import Kind, Ref
from rudr_py.catalog import Catalog
from rudr_py.render import reclaim, render
from rudr_py.render.values.inputs import Inputs

CLAIM = Ref(Kind("v1", "PersistentVolumeClaim"), "front-data")

COMPONENT = """
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - name: web
    image: nginx:1
    resources:
      volumes:
      - {name: data, mountPath: /data, accessMode: RW, sharingPolicy: Exclusive}
---
"""

APPLICATION = """
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: shop}
spec:
  variables: [{name: policy, value: delete}]
  components:
  - componentName: web
    instanceName: front
    traits:
    - {name: volume-mounter, properties: {volumeName: Data, storageClass: "", reclaim: RECLAIM}}
"""


@pytest.mark.parametrize("component", [COMPONENT, COMPONENT.replace("Server", "Absent"), ""])
@pytest.mark.parametrize(
    ("policy", "deleted"),
    [
        ("delete", True),
        ("retain", False),
        ('"[fromVariable(policy)]"', True),
        ('"[fromVariable(absent)]"', False),
        ("remove", False),
        ("delete, unexpected: 1", False),
    ],
)
def test_a_claim_is_deleted_only_if_the_documents_delete_it(
    inputs: Callable[..., Inputs], catalog: Catalog, component: str, policy: str, deleted: bool
) -> None:
    documents = inputs(component + APPLICATION.replace("RECLAIM", policy))
    plan = render.render(documents, catalog)
    assert reclaim.is_reclaimed(documents, catalog, plan, CLAIM, "front") is deleted


@pytest.mark.parametrize("component", [COMPONENT, ""])
@pytest.mark.parametrize(
    ("ref", "instance"),
    [(Ref(CLAIM.kind, "other"), "front"), (CLAIM, "back"), (Ref(Kind("v1", "Secret"), "data"), "front")],
)
def test_an_object_that_the_documents_do_not_name_stays(
    inputs: Callable[..., Inputs], catalog: Catalog, component: str, ref: Ref, instance: str
) -> None:
    documents = inputs(component + APPLICATION.replace("RECLAIM", "delete"))
    assert not reclaim.is_reclaimed(documents, catalog, render.render(documents, catalog), ref, instance)


def test_a_binding_that_the_parser_rejects_deletes_nothing(inputs: Callable[..., Inputs], catalog: Catalog) -> None:
    documents = inputs(APPLICATION.replace("RECLAIM", "delete") + "    unexpected: 1\n    parameterValues: 7\n")
    plan = render.render(documents, catalog)
    assert documents.parsed.problems
    assert not reclaim.is_reclaimed(documents, catalog, plan, CLAIM, "front")


def test_two_instances_of_one_name_delete_nothing(inputs: Callable[..., Inputs], catalog: Catalog) -> None:
    text = APPLICATION.replace("RECLAIM", "delete")
    documents = inputs(text + text[text.index("  - componentName") :])
    assert not reclaim.is_reclaimed(documents, catalog, render.render(documents, catalog), CLAIM, "front")

"""`rudr diff` uses the definitions in its input, and refuses the documents that the API server refuses."""

from __future__ import annotations

from tests.cli import shop
from tests.cli.conftest import Invoke

NARROWED = """\
---
apiVersion: core.oam.dev/v1alpha1
kind: Trait
metadata: {name: manual-scaler}
spec: {appliesTo: [core.oam.dev/v1alpha1.Task]}
"""


def test_a_trait_in_the_input_narrows_the_installed_one(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS + NARROWED)
    assert done.exit_code == 2
    assert "traits[0].name" in done.stderr
    elsewhere = NARROWED.replace("name: manual-scaler", "name: manual-scaler, namespace: default")
    assert diff(shop.DOCUMENTS + elsewhere).exit_code == 0


def test_metadata_that_the_api_server_refuses_is_an_error(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS.replace("metadata: {name: shop}", "metadata: {name: shop, lables: {}}"))
    assert done.exit_code == 2
    assert '$.metadata.lables: unknown field "lables"' in done.stderr

"""The documents of this repository have the same answers on the local API and on a real kube-apiserver."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e import apiserver
from tests.local import differential

ROOT = Path(__file__).parents[2]
ASSETS = Path(os.environ.get("KUBEBUILDER_ASSETS", "/usr/local/kubebuilder/bin"))


@pytest.mark.slow
@pytest.mark.skipif(not apiserver.present(ASSETS), reason=f"no kube-apiserver and etcd in {ASSETS}")
@pytest.mark.parametrize("folder", ["examples", "tests/data/crds", "tests/local/documents"])
async def test_documents_have_the_same_answers(folder: str) -> None:
    lines = await differential.run(ASSETS, differential.documents(ROOT / folder), limit=20)
    assert [line for line in lines if line.startswith(("    ", "\n"))] == []

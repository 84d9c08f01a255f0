"""A local API with the application of `shop`, and `rudr diff` of documents against it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "kubeconfig"


@pytest.fixture(name="api", scope="module")
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    with shop.open_shop(kubeconfig) as handle:
        yield handle


@pytest.fixture(name="diff")
def _diff(invoke: Invoke, api: LocalHandle, kubeconfig: Path, tmp_path: Path) -> Invoke:
    """Write documents into a file and compare them."""
    del api

    def diff(documents: str, *arguments: str, **settings: object) -> Result:
        (tmp_path / "documents.yaml").write_text(documents)
        return invoke(
            "diff", "-f", str(tmp_path / "documents.yaml"), "--kubeconfig", str(kubeconfig), *arguments, **settings
        )

    return diff

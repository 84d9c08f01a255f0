"""Definitions that the controller publishes, as files beside documents: they exclude nothing that is valid without."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from rudr_py.render import definitions
from tests import own_packages
from tests.cli.conftest import Invoke

ROOT = Path(__file__).parents[3]
EXAMPLES = (ROOT / "examples", *(folder / "examples" for folder in own_packages.FOLDERS))


@pytest.mark.parametrize("folder", EXAMPLES, ids=lambda folder: folder.parent.name)
@pytest.mark.parametrize("labels", [{"app.kubernetes.io/managed-by": "rudr"}, {}], ids=["published", "copied"])
def test_published_definitions_refuse_no_example_of_a_package(
    labels: dict[str, str],
    folder: Path,
    invoke: Invoke,
    write: Callable[..., str],
) -> None:
    plugins = own_packages.everything()
    documents = definitions.publish(plugins.catalog, "rudr-system")
    changed = [{**document, "metadata": {**document["metadata"], "labels": labels}} for document in documents]
    file = write("definitions.yaml", *(json.dumps(document) + "\n" for document in changed))
    result = invoke("validate", "-f", str(folder), "-f", file, obj=plugins)
    assert (result.exit_code, result.stdout.endswith(": no problems\n")) == (0, True), result.output

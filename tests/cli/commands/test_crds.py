"""`rudr crds` prints the definitions of the folder `crds`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import yaml
from click.testing import Result

from rudr_py.model.crd_schemas import crds

Invoke = Callable[..., Result]

FILES = Path(__file__).parents[3] / "crds"


def test_the_output_equals_the_files_in_crds(invoke: Invoke) -> None:
    printed = invoke("crds").stdout
    assert sorted(printed.split("---\n")) == sorted(path.read_text() for path in FILES.glob("*.yaml"))
    assert list(yaml.safe_load_all(printed)) == crds.documents()


def test_json_is_a_list_and_names_are_those_of_kubectl(invoke: Invoke) -> None:
    assert json.loads(invoke("crds", "-o", "json").stdout)["items"] == crds.documents()
    names = invoke("crds", "-o", "name").stdout.splitlines()
    assert "customresourcedefinition.apiextensions.k8s.io/traits.core.oam.dev" in names
    assert len(names) == len(crds.KINDS)


def test_short_names_that_conflict_with_kubevela_can_be_omitted(invoke: Invoke) -> None:
    taken = {
        name
        for document in yaml.safe_load_all(invoke("crds", "--no-short-names").stdout)
        for name in document["spec"]["names"].get("shortNames", ())
    }
    assert "cfg" in taken
    assert not taken & {"comp", "trait"}

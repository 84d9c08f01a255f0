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


def test_short_names_of_rudr_that_other_projects_use_are_included_on_request(invoke: Invoke) -> None:
    def short_names(*options: str) -> set[str]:
        printed = yaml.safe_load_all(invoke("crds", *options).stdout)
        return {name for document in printed for name in document["spec"]["names"].get("shortNames", ())}

    assert short_names() == short_names("--no-short-names")
    assert short_names("--short-names") - short_names() == {
        *("comp", "scope", "trait"),
        "oamtrait",  # the singular otherwise
    }

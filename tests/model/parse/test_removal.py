"""The annotation that decides when instances and objects are deleted that a change of the documents removes."""

from __future__ import annotations

import pytest

from rudr_py.model.application import Application
from rudr_py.model.document import Parsed
from rudr_py.model.parse.application import parse_application

REMOVAL = "rudr.oam.dev/removal"


def parsed(**annotations: str) -> Parsed[Application]:
    return parse_application(
        {
            "apiVersion": "core.oam.dev/v1alpha1",
            "kind": "ApplicationConfiguration",
            "metadata": {"name": "shop", "annotations": {f"rudr.oam.dev/{key}": v for key, v in annotations.items()}},
            "spec": {"components": [{"componentName": "web", "instanceName": "web"}]},
        }
    )


@pytest.mark.parametrize("policy", ["after-ready", "first", "keep"])
def test_the_annotation_selects_a_policy(policy: str) -> None:
    application = parsed(removal=policy).value
    assert application is not None
    assert application.removal == policy


@pytest.mark.parametrize("annotations", [{}, {"removal": ""}])
def test_without_a_value_the_policy_is_that_of_the_settings(annotations: dict[str, str]) -> None:
    result = parsed(**annotations)
    assert not result.problems
    assert result.value is not None
    assert result.value.removal is None


def test_another_policy_is_an_error_with_place_and_suggestion() -> None:
    (problem,) = parsed(removal="after-redy").problems
    assert problem.path == f'$.metadata.annotations["{REMOVAL}"]'
    assert problem.message == ('must be after-ready, first or keep, not "after-redy". Did you mean "after-ready"?')

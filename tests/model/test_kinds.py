"""Kinds of Kubernetes objects."""

from __future__ import annotations

from rudr_py.model import kinds
from rudr_py.model.kinds import Kind


def test_a_kind_has_a_group_and_prints_with_its_version() -> None:
    assert (kinds.DEPLOYMENT.group, str(kinds.DEPLOYMENT)) == ("apps", "apps/v1.Deployment")
    assert (kinds.POD.group, str(kinds.POD)) == ("", "v1.Pod")


def test_each_kind_is_defined_once() -> None:
    defined = [value for value in vars(kinds).values() if isinstance(value, Kind)]
    assert len(set(defined)) == len(defined)

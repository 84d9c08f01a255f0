"""Ignore rules on planned objects."""

from __future__ import annotations

from typing import Any

from rudr_py.api import Kind, Ref
from rudr_py.model.application import IgnoreRule
from rudr_py.render import ignored
from rudr_py.render.values.plan import PlannedObject

INGRESS, JOB = Kind("networking.k8s.io/v1", "Ingress"), Kind("batch/v1", "Job")
AT = "$.rule"


def planned(kind: Kind = INGRESS, name: str = "web", inputs: str = "") -> PlannedObject:
    metadata = {"name": name, "labels": {"app.kubernetes.io/managed-by": "rudr", "team": "a"}}
    spec = {"rules": [{"host": "h"}], "tls": [{"name": "x", "hosts": ["h"]}]}
    body: dict[str, Any] = {"metadata": metadata, "spec": spec}
    return PlannedObject(ref=Ref(kind, name), body=body, instance="web", made_by="test", inputs_digest=inputs)


def rule(*steps: str, kind: str = "Ingress", name: str = "") -> IgnoreRule:
    return IgnoreRule(kind=kind, name=name, pointers=(steps,), path=AT)


def test_a_rule_concerns_the_objects_that_it_matches() -> None:
    manifests, problems = ignored.apply([planned(), planned(name="db")], [rule("spec", "rules", name="web")])
    assert [each.ignored for each in manifests] == [(("spec", "rules"),), ()]
    assert problems == []


def test_an_item_of_a_list_is_identified_by_its_name_if_it_has_one() -> None:
    assert ignored.resolve(planned().body, ("spec", "rules", "0", "host")) == ("spec", "rules", 0, "host")
    assert ignored.resolve(planned().body, ("spec", "tls", "0", "hosts")) == ("spec", "tls", {"name": "x"}, "hosts")


def test_a_rule_without_an_object_is_an_error_that_lists_the_objects() -> None:
    _, (problem,) = ignored.apply([planned()], [rule("spec", kind="Ingres")])
    assert (problem.path, "ingress.networking.k8s.io/web" in problem.message) == (AT, True)


def test_a_pointer_without_a_field_is_an_error_at_the_pointer() -> None:
    for steps in (("spec", "nothing"), ("spec", "rules", "1"), ("spec", "rules", "-"), ("spec", "rules", "1" * 5000)):
        _, (problem,) = ignored.apply([planned()], [rule(*steps)])
        assert problem.path == f"{AT}.jsonPointers[0]"


def test_a_label_by_which_rudr_selects_its_objects_cannot_be_ignored() -> None:
    _, problems = ignored.apply([planned()], [rule("metadata", "labels", "app.kubernetes.io/managed-by")])
    assert len(problems) == 1
    assert ignored.apply([planned()], [rule("metadata", "labels", "team")])[1] == []


def test_an_object_that_runs_once_is_not_reverted_and_matches_no_rule() -> None:
    _, problems = ignored.apply([planned(JOB, inputs="digest")], [rule("spec", kind="Job")])
    assert len(problems) == 1

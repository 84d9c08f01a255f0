"""The values that types hand back: named as kubectl names things, frozen, and JSON-able."""

from __future__ import annotations

import msgspec
import pytest

from rudr_py.api import Health, InvalidProperties, Kind, Manifest, Probe, Problem, Ref, Scale


@pytest.mark.parametrize(
    ("kind", "group", "ref"),
    [
        (Kind("apps/v1", "Deployment"), "apps", "deployment.apps/web"),
        (Kind("v1", "Service"), "", "service/web"),
        (Kind("networking.k8s.io/v1", "Ingress"), "networking.k8s.io", "ingress.networking.k8s.io/web"),
    ],
)
def test_a_reference_is_formatted_as_kubectl_does(kind: Kind, group: str, ref: str) -> None:
    assert kind.group == group
    assert str(Ref(kind, "web")) == ref


def test_a_manifest_has_a_reference_to_its_object() -> None:
    assert Manifest(kind=Kind("v1", "Service"), name="web", body={}).ref == Ref(Kind("v1", "Service"), "web")


def test_scales_have_a_form() -> None:
    forms = [Scale.exact(1), Scale.between(1, 2), Scale.hold(3), Scale.external()]
    assert [size.form for size in forms] == ["exact", "range", "hold", "external"]
    assert (forms[1].minimum, forms[1].maximum, forms[2].replicas) == (1, 2, 3)


def test_values_are_frozen_and_survive_json() -> None:
    size = Scale.between(1, 5, metrics=({"type": "Resource"},))
    with pytest.raises(AttributeError):
        size.minimum = 2  # type: ignore[misc] # the error under test
    assert msgspec.json.decode(msgspec.json.encode(size), type=Scale) == size


def test_only_ready_is_ok() -> None:
    assert Health("ready", "Ready").ok
    assert not any(Health(state, "X").ok for state in ("progressing", "failed", "unknown"))


def test_invalid_properties_contains_every_problem() -> None:
    refusal = InvalidProperties(Problem("too small", path="$.a"), Problem("too big", path="$.b"))
    assert refusal.problems == (Problem("too small", "$.a"), Problem("too big", "$.b"))
    assert str(refusal) == "too small; too big"


def test_invalid_properties_accepts_the_text_and_path_of_one_problem() -> None:
    assert InvalidProperties("too small", path="$.a").problems == (Problem("too small", "$.a"),)
    assert InvalidProperties("too small").problems == (Problem("too small", "$"),)


def _probe(*, window: int = 1, failure_rate: float = 0.0, healthy_rate: float = 100.0) -> Probe:
    target = Ref(Kind("v1", "Service"), "web")
    return Probe(
        name="shop/web:80",
        method="tcp",
        target=target,
        port=80,
        window=window,
        failure_rate=failure_rate,
        healthy_rate=healthy_rate,
    )


def test_the_last_result_of_a_probe_without_rates_decides() -> None:
    probe = _probe()
    assert probe.verdict(["refused", None]) is None
    assert probe.verdict([None, "refused"]) == "refused"
    assert probe.verdict([], "refused") == "refused"


def test_a_probe_with_rates_keeps_its_verdict_between_them() -> None:
    probe = _probe(window=4, failure_rate=50, healthy_rate=75)
    half = ["no", None, "no", None]
    assert probe.verdict(half) is None
    assert probe.verdict(half, "no route") == "no route"
    assert probe.verdict(["no", None, None, None], "no route") is None
    assert probe.verdict([None, "a", "b", "c"]) == "c"


def test_results_before_the_window_do_not_count() -> None:
    assert _probe(window=2, failure_rate=50).verdict(["no", "no", "no", None, None]) is None

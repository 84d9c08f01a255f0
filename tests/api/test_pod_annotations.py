"""The annotations of a component that its pods get."""

from __future__ import annotations

import pytest

from rudr_py.api import pod_annotations

LISTED = "rudr.oam.dev/pod-annotations"


@pytest.mark.parametrize(
    "key",
    [
        "kubectl.kubernetes.io/last-applied-configuration",
        "kubectl.kubernetes.io/restartedAt",
        "kubernetes.io/change-cause",
        "deployment.kubernetes.io/revision",
        "argocd.argoproj.io/tracking-id",
        "notifications.argoproj.io/subscribe",
        "kustomize.toolkit.fluxcd.io/checksum",
        "meta.helm.sh/release-name",
        "helm.sh/hook",
        "kopf.zalando.org/last-handled-configuration",
        "internal.config.kubernetes.io/path",
        "kapp.k14s.io/identity",
        "objectset.rio.cattle.io/applied",
        "rudr.oam.dev/paused",
        "a8r.io/description",
    ],
)
def test_annotations_of_tools_are_not_for_pods(key: str) -> None:
    assert pod_annotations.copied({key: "x"}) == {}


@pytest.mark.parametrize("key", ["version", "description", "team", "note"])
def test_annotations_without_a_prefix_are_not_for_pods(key: str) -> None:
    assert pod_annotations.copied({key: "x"}) == {}


@pytest.mark.parametrize(
    "key",
    [
        "prometheus.io/scrape",
        "sidecar.istio.io/inject",
        "linkerd.io/inject",
        "vault.hashicorp.com/agent-inject",
        "cluster-autoscaler.kubernetes.io/safe-to-evict",
        "kubernetes.io/egress-bandwidth",
        "kubectl.kubernetes.io/default-container",
        "example.com/owner",
        "nothelm.sh/x",
    ],
)
def test_other_annotations_with_a_prefix_are_copied(key: str) -> None:
    assert pod_annotations.copied({key: "x"}) == {key: "x"}


def test_a_component_can_list_the_annotations_of_its_pods() -> None:
    annotations = {"team": "shop", "prometheus.io/port": "80", "prometheus.io/scrape": "true", "example.com/a": "b"}
    listed = pod_annotations.copied({**annotations, LISTED: "team, prometheus.io/*"})
    assert listed == {key: value for key, value in annotations.items() if key != "example.com/a"}
    assert pod_annotations.copied({**annotations, LISTED: ""}) == {}


def test_the_list_itself_and_kubectls_copy_are_never_copied() -> None:
    annotations = {pod_annotations.LAST_APPLIED: "{}", LISTED: "*"}
    assert pod_annotations.copied(annotations) == {}


def test_a_limited_number_of_patterns_is_compared_with_each_annotation() -> None:
    most = pod_annotations.MAX_PATTERNS
    listed = [f"example.com/{number}" for number in range(most)]
    annotations = {LISTED: ",".join([*listed, *listed, "late.example/*"]), "late.example/a": "1", listed[-1]: "2"}
    assert pod_annotations.copied(annotations) == {listed[-1]: "2"}
    assert len(pod_annotations.patterns(annotations)) == most + 1

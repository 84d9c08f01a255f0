"""`rudr doctor` on a local API with RBAC: findings, skipped checks and exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import User
from rudr_py.local.cluster import LocalSettings
from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke

Document = dict[str, Any]
SYSTEM: Document = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rudr-system"}}


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "kubeconfig"


@pytest.fixture(name="api", scope="module", autouse=True)
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    access = AccessSettings(tokens={"visitor": User(name="visitor")})
    settings = LocalSettings(script=shop.fate, clock=lambda: shop.NOW, access=access)
    with shop.open_shop(kubeconfig, settings) as handle:
        handle.apply(SYSTEM)
        yield handle


def findings(invoke: Invoke, kubeconfig: Path, *arguments: str) -> dict[str, list[Document]]:
    """The findings by check."""
    done = invoke("doctor", *arguments, "-o", "json", "--kubeconfig", str(kubeconfig))
    by_check: dict[str, list[Document]] = {}
    for one in json.loads(done.stdout)["items"]:
        by_check.setdefault(one["check"], []).append(one)
    wrong = any(one["level"] == "problem" for listed in by_check.values() for one in listed)
    assert done.exit_code == wrong, done.stderr
    return by_check


def test_an_installation_without_the_chart_is_checked(invoke: Invoke, kubeconfig: Path) -> None:
    by_check = findings(invoke, kubeconfig)
    assert {
        one["level"] for one in by_check["server"] + by_check["crds"] + by_check["namespace"] + by_check["you"]
    } == {"ok"}
    assert by_check["controller"][0]["message"].startswith("no Deployment of the chart exists")
    assert by_check["work"][0]["message"] == "1 of 1 applications not Ready: default/shop"


def test_the_cause_of_an_unready_application_has_advice(invoke: Invoke, kubeconfig: Path) -> None:
    done = invoke("doctor", "shop", "--kubeconfig", str(kubeconfig))
    assert done.exit_code == 1
    assert "CrashLoopBackOff: container main ended with exit code 1" in " ".join(done.stdout.split())
    assert "-> kubectl logs -n default shop-worker-" in done.stdout
    assert invoke("doctor", "shoe", "--kubeconfig", str(kubeconfig)).exit_code == 1


def test_the_lease_and_the_permissions_of_the_charts_controller_are_checked(
    invoke: Invoke, kubeconfig: Path, api: LocalHandle
) -> None:
    pod = {"containers": [{"name": "rudr", "image": "rudr-py:1", "args": ["run", "--leader-elect"]}]}
    labels = {"app.kubernetes.io/name": "rudr-py"}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "oam", "namespace": "default", "labels": labels},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"serviceAccountName": "oam", **pod}},
        },
    }
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "oam"}}, deployment)
    api.until("apps/v1", "Deployment", "oam", lambda one: one.get("status", {}).get("readyReplicas"))
    by_check = findings(invoke, kubeconfig, "--definitions-namespace", "rudr-system")
    api.delete("apps/v1", "Deployment", "oam")
    assert by_check["controller"][0]["level"] == "ok"
    assert by_check["leader"][0]["message"] == "Lease default/rudr-py does not exist, so no controller is active"
    assert by_check["rights"][0]["message"].startswith("the service account of default/oam is not allowed to: ")


@pytest.fixture(name="visitor")
def _visitor(kubeconfig: Path, tmp_path: Path) -> Path:
    """A kubeconfig for a user without roles."""
    content = yaml.safe_load(kubeconfig.read_text())
    content["users"][0]["user"] = {"token": "visitor"}
    (tmp_path / "visitor").write_text(yaml.safe_dump(content))
    return tmp_path / "visitor"


def test_status_without_permission_for_pods_prints_the_rest_and_a_warning(
    invoke: Invoke, visitor: Path, api: LocalHandle
) -> None:
    rules = [{"apiGroups": ["core.oam.dev"], "resources": ["applicationconfigurations"], "verbs": ["list", "watch"]}]
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "reader"}}
    subject = {"kind": "User", "name": "visitor", "apiGroup": "rbac.authorization.k8s.io"}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    binding = {**role, "kind": "RoleBinding", "subjects": [subject], "roleRef": reference}
    api.apply({**role, "rules": rules}, binding)
    done = invoke("status", "shop", "--kubeconfig", str(visitor))
    api.delete("rbac.authorization.k8s.io/v1", "RoleBinding", "reader")
    assert "shop-worker (Worker)" in done.stdout
    assert done.stderr.splitlines() == [
        "warning: you may not list componentschematics.core.oam.dev in namespace default; "
        "the role rudr-view contains this right",
        "warning: you may not list pods in namespace default; the role rudr-application-operator contains this right",
    ]


def test_skipped_checks_are_reported_to_a_user_with_few_permissions(invoke: Invoke, visitor: Path) -> None:
    by_check = findings(invoke, visitor)
    assert "server" in by_check
    assert any("customresourcedefinitions" in one["message"] for one in by_check["reading"])
    assert any("for rudr diff" in one["message"] for one in by_check["you"])
    assert all(one["level"] != "problem" for listed in by_check.values() for one in listed)

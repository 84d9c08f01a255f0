"""`rudr diff` for a user who may not read some objects: their changes are computed from the status."""

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

RBAC = "rbac.authorization.k8s.io"
SUBJECT = {"kind": "User", "name": "visitor", "apiGroup": RBAC}
RULES = [
    {"apiGroups": ["core.oam.dev"], "resources": ["*"], "verbs": ["get", "list", "watch"]},
    {"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get", "list"]},
]


@pytest.fixture(name="kubeconfig", scope="module")
def _kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shop") / "kubeconfig"


@pytest.fixture(name="api", scope="module", autouse=True)
def _api(kubeconfig: Path) -> Iterator[LocalHandle]:
    access = AccessSettings(tokens={name: User(name=name) for name in ("visitor", "guest")})
    with shop.open_shop(kubeconfig, LocalSettings(script=shop.fate, clock=lambda: shop.NOW, access=access)) as handle:
        role: dict[str, Any] = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": "reader"}}
        reference = {"apiGroup": RBAC, "kind": "ClusterRole", "name": "reader"}
        binding = {**role, "kind": "ClusterRoleBinding", "subjects": [SUBJECT], "roleRef": reference}
        handle.apply({**role, "rules": RULES}, binding)
        guest = {**binding, "kind": "RoleBinding", "subjects": [{**SUBJECT, "name": "guest"}]}
        handle.apply({**guest, "metadata": {"name": "guest", "namespace": handle.namespace}})
        content = yaml.safe_load(kubeconfig.read_text())
        content["users"][0]["user"] = {"token": "visitor"}
        kubeconfig.write_text(yaml.safe_dump(content))
        yield handle


def diff(invoke: Invoke, kubeconfig: Path, folder: Path, documents: str) -> Any:
    (folder / "documents.yaml").write_text(documents)
    done = invoke("diff", "-f", str(folder / "documents.yaml"), "-o", "json", "--kubeconfig", str(kubeconfig))
    assert done.exit_code in (0, 1), done.stderr
    return json.loads(done.stdout)


def test_an_object_that_equals_its_record_is_unchanged(invoke: Invoke, kubeconfig: Path, tmp_path: Path) -> None:
    result = diff(invoke, kubeconfig, tmp_path, shop.DOCUMENTS)
    assert (result["items"], result["errors"], result["summary"]["unchanged"]) == ([], [], 6)


def test_a_change_of_an_unreadable_object_is_computed_and_marked(
    invoke: Invoke, kubeconfig: Path, tmp_path: Path
) -> None:
    changed = shop.DOCUMENTS.replace("containerPort: 8080", "containerPort: 9090")
    changed = changed.replace("worker, instanceName: shop-worker", "web, instanceName: shop-new")
    result = diff(invoke, kubeconfig, tmp_path, changed)
    services = {item["name"]: item for item in result["items"] if item["kind"] == "Service"}
    assert {name: item["change"] for name, item in services.items()} == {"shop-web": "change", "shop-new": "create"}
    for item in services.values():
        assert item["live"] is None
        assert item["merged"]["spec"]["ports"][0]["port"] == 9090
        assert item["notes"] == ["computed, not read: you may not get services in namespace default"]


def test_a_user_who_may_not_list_all_applications_compares_those_of_the_namespace(
    invoke: Invoke, kubeconfig: Path, tmp_path: Path
) -> None:
    content = yaml.safe_load(kubeconfig.read_text())
    content["users"][0]["user"] = {"token": "guest"}
    (tmp_path / "guest").write_text(yaml.safe_dump(content))
    metadata = {"name": "manual-scaler", "namespace": "rudr-system"}
    trait = {"apiVersion": "core.oam.dev/v1alpha1", "kind": "Trait", "metadata": metadata}
    file = tmp_path / "trait.yaml"
    file.write_text(yaml.safe_dump({**trait, "spec": {"appliesTo": ["core.oam.dev/v1alpha1.Task"]}}))
    done = invoke("diff", "-f", str(file), "--kubeconfig", str(tmp_path / "guest"))
    assert done.exit_code == 2
    assert "applications are compared in default only" in done.stderr
    assert "allows the trait only for core.oam.dev/v1alpha1.Task" in done.stderr

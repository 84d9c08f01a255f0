"""`rudr diff` on a local API with the application of `shop`: differences, errors and exit codes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from rudr_py.api import Kind
from rudr_py.model.identity import API_VERSION
from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.conftest import Invoke

PAUSED = "rudr.oam.dev/paused"
DEPLOYMENT = Kind("apps/v1", "Deployment")
LATER = shop.DOCUMENTS.replace("web:1", "web:2").replace("shop-worker", "shop-second")
APPLICATION = LATER.rpartition("---")[2]


NOTHING = re.compile(r"0 to create, 0 to change, 0 to delete, \d+ unchanged\n")
"""The output without differences."""


def pause(api: LocalHandle, value: str | None) -> None:
    """Pause the application, so that the controller does not revert changes."""
    annotations = {"metadata": {"annotations": {PAUSED: value}}}
    api.wait(api.cluster.patch(Kind(API_VERSION, "ApplicationConfiguration"), "shop", annotations))


def test_unchanged_documents_have_no_differences(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS)
    assert (done.exit_code, done.stderr) == (0, "")
    assert NOTHING.fullmatch(done.stdout)


def test_created_changed_and_pruned_objects_are_printed_and_nothing_is_written(diff: Invoke, api: LocalHandle) -> None:
    before = api.get("apps/v1", "Deployment", "shop-web")
    done = diff(LATER)
    assert done.exit_code == 1, done.stderr
    assert [line for line in done.stdout.splitlines() if " in default: " in line] == [
        "# componentinstance.core.oam.dev/worker-shop-second in default: would be created",
        "# deployment.apps/shop-web in default: would be changed",
        "# deployment.apps/shop-second in default: would be created",
        "# componentinstance.core.oam.dev/worker-shop-worker in default: would be pruned",
        "# deployment.apps/shop-worker in default: would be pruned",
    ]
    assert done.stdout.endswith("\n2 to create, 1 to change, 2 to delete, 3 unchanged\n")
    for default in ("dnsPolicy", "terminationGracePeriodSeconds", "progressDeadlineSeconds", "clusterIP"):
        assert default not in done.stdout
    assert "-      - image: registry.example/web:1\n+      - image: registry.example/web:2\n" in done.stdout
    assert "# spec.template.spec.containers[name=main].image is owned by rudr\n" in done.stdout
    assert api.get("apps/v1", "Deployment", "shop-web") == before
    assert api.get("apps/v1", "Deployment", "shop-second") is None


def test_a_new_name_of_an_instance_is_announced_as_an_outage_where_its_predecessor_is_deleted_first(
    diff: Invoke,
) -> None:
    assert "outage" not in diff(LATER).stderr
    (line,) = [line for line in diff(LATER, "--removal-policy", "first").stderr.splitlines() if "outage" in line]
    assert line.startswith(
        "warning: default/shop: the deletion of shop-worker does not wait until shop-second is ready"
    )
    assert "keep the instanceName" in line
    same_names = shop.DOCUMENTS.replace("web:1", "web:2")
    assert "outage" not in diff(same_names, "--removal-policy", "first").stderr


def test_the_image_pull_policy_of_the_controller_is_an_option(diff: Invoke) -> None:
    """The controller of `shop` has none. With another one, every pod template would change."""
    done = diff(shop.DOCUMENTS, "--image-pull-policy", "Always")
    assert done.exit_code == 1, done.stderr
    assert [line for line in done.stdout.splitlines() if " in default: " in line] == [
        "# deployment.apps/shop-web in default: would be changed",
        "# deployment.apps/shop-worker in default: would be changed",
    ]
    assert done.stdout.count("imagePullPolicy: Always\n") == 2


def test_missing_components_are_read_from_the_cluster(diff: Invoke) -> None:
    done = diff(APPLICATION)
    assert done.exit_code == 1, done.stderr
    assert "shop-second" in done.stdout
    assert "web:2" not in done.stdout


def test_a_component_alone_is_compared_for_every_application_that_uses_it(diff: Invoke) -> None:
    done = diff(LATER.partition("---")[0])
    assert done.exit_code == 1, done.stderr
    assert "registry.example/web:2" in done.stdout
    assert "shop-worker" not in done.stdout


def test_the_owner_of_a_changed_field_is_printed(diff: Invoke, api: LocalHandle) -> None:
    pause(api, "true")
    api.until(API_VERSION, "ApplicationConfiguration", "shop", lambda one: "Paused" in str(one["status"]))
    try:
        api.wait(api.cluster.patch(DEPLOYMENT, "shop-web", {"spec": {"replicas": 5}}, manager="kubectl-edit"))
        done = diff(shop.DOCUMENTS)
    finally:
        pause(api, None)
    api.until("apps/v1", "Deployment", "shop-web", lambda one: one["spec"]["replicas"] == 2)
    assert done.exit_code == 1, done.stderr
    assert "# spec.replicas is owned by kubectl-edit\n" in done.stdout
    assert "-  replicas: 5\n+  replicas: 2\n" in done.stdout
    assert "the application is paused" in done.stdout


def test_an_object_of_another_owner_is_an_error(diff: Invoke, api: LocalHandle) -> None:
    theirs = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "third"}, "spec": {"ports": [{"port": 1}]}}
    api.apply(theirs)
    done = diff(shop.DOCUMENTS.replace("instanceName: shop-web", "instanceName: third"))
    assert done.exit_code == 2
    assert 'error: default/shop: service/third already exists and was written by "tester"\n' in done.stderr
    assert "deployment.apps/third in default: would be created" in done.stdout


def test_a_refused_instance_has_no_further_differences(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS.replace("metadata: {name: shop}", "metadata: {name: rival}"))
    assert (done.exit_code, done.stdout) == (2, "0 to create, 0 to change, 0 to delete, 6 unchanged, 2 failed\n")
    reason = 'already exists and belongs to application "shop" (label app.kubernetes.io/name)'
    names = ("web-shop-web", "worker-shop-worker")
    assert done.stderr.splitlines() == [
        f"error: default/rival: componentinstance.core.oam.dev/{name} {reason}" for name in names
    ]


def test_a_rejection_of_the_server_is_printed_and_exits_with_2(diff: Invoke, api: LocalHandle) -> None:
    hard = {"services": "0"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": hard}}
    api.apply(quota)
    api.until("v1", "ResourceQuota", "none", lambda one: one.get("status"))
    done = diff(shop.DOCUMENTS.replace("instanceName: shop-web", "instanceName: fresh"))
    api.delete("v1", "ResourceQuota", "none")
    assert done.exit_code == 2
    assert "error: default/shop: service/fresh: " in done.stderr
    assert "exceeded quota: none" in done.stderr


def test_a_quota_does_not_block_a_workload_whose_predecessor_is_deleted_first(diff: Invoke, api: LocalHandle) -> None:
    hard = {"count/statefulsets.apps": "0"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "none"}, "spec": {"hard": hard}}
    api.apply(quota)
    api.until("v1", "ResourceQuota", "none", lambda one: one.get("status"))
    done = diff(shop.DOCUMENTS.replace("core.oam.dev/v1alpha1.Worker", "core.oam.dev/v1alpha1.SingletonWorker"))
    api.delete("v1", "ResourceQuota", "none")
    assert (done.exit_code, done.stderr) == (1, "")
    assert "statefulset.apps/shop-worker in default: would be created" in done.stdout
    assert "deployment.apps/shop-worker in default: would be pruned" in done.stdout


def test_invalid_documents_are_printed_with_locations_and_exit_with_2(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS.replace("componentName: web", "componentName: wed"))
    assert done.exit_code == 2
    assert (
        'documents.yaml:23:5: error: $.spec.components[0].componentName (instance "shop-web"): '
        'the ComponentSchematic "wed" does not exist' in done.stderr
    )
    assert done.stderr.endswith(" (application default/shop)\n")


def test_all_problems_are_printed_even_if_a_document_is_unreadable(
    diff: Invoke, invoke: Invoke, tmp_path: Path
) -> None:
    wrong = shop.DOCUMENTS.replace("instanceName: shop-web", "instanceName: Two_Bad").replace("manual-scaler", "none")
    wrong = wrong.replace("metadata: {name: shop}", "metadata: {name: shop, labels: {size: [1]}}")
    wrong = wrong.replace("instanceName: shop-worker", "instanceName: shop-worker, traits: [{name: neither}]")
    done = diff(wrong)
    assert (done.exit_code, done.stdout) == (2, "0 to create, 0 to change, 0 to delete, 0 unchanged\n")
    validated = invoke("validate", "-f", str(tmp_path / "documents.yaml")).stdout.splitlines()[:-1]
    printed = [line.removesuffix(" (application default/shop)") for line in done.stderr.splitlines()]
    assert sorted(printed) == sorted(validated)
    for text in ("Two_Bad", '"none"', '"neither"', "labels"):
        assert text in done.stderr


def test_in_a_missing_namespace_everything_would_be_created(diff: Invoke) -> None:
    done = diff(shop.DOCUMENTS, "-n", "nowhere")
    assert done.exit_code == 1, done.stderr
    assert done.stdout.count("would be created") == 6


def test_without_a_server_diff_exits_with_2(invoke: Invoke, tmp_path: Path) -> None:
    content = yaml.safe_load(
        "{clusters: [{name: c, cluster: {server: 'http://127.0.0.1:1'}}], users: [{name: u, user: {}}],"
        " contexts: [{name: x, context: {cluster: c, user: u}}], current-context: x}"
    )
    (tmp_path / "kubeconfig").write_text(yaml.safe_dump(content))
    (tmp_path / "documents.yaml").write_text(shop.DOCUMENTS)
    where = ("--kubeconfig", str(tmp_path / "kubeconfig"))
    done = invoke("diff", "-f", str(tmp_path / "documents.yaml"), *where)
    assert done.exit_code == 2
    assert "was refused - did you specify the right host or port?" in done.stderr


def test_an_external_program_compares_two_directories(diff: Invoke, tmp_path: Path) -> None:
    program = tmp_path / "differ"
    program.write_text('#!/bin/sh\ncat "$2"/apps.v1.Deployment.default.shop-web > "$(dirname "$0")/seen"\nexit $CODE\n')
    program.chmod(0o755)
    for code, expected in (("1", 1), ("0", 0), ("7", 2)):
        done = diff(LATER, env={"KUBECTL_EXTERNAL_DIFF": str(program), "CODE": code})
        assert (done.exit_code, done.stdout) == (expected, "")
    assert "registry.example/web:2" in (tmp_path / "seen").read_text()
    assert diff(LATER, env={"KUBECTL_EXTERNAL_DIFF": "/no/such/program"}).exit_code == 2


VARIOUS = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: store}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - name: main
    image: registry.example/store:1
    ports: [{name: http, containerPort: 8080}]
    config: [{path: /etc/store.conf, value: a}]
    resources:
      volumes: [{name: data, mountPath: /data, accessMode: RW, sharingPolicy: Shared}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: once}
spec:
  workloadType: core.oam.dev/v1alpha1.Task
  containers: [{name: main, image: "registry.example/once:1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: net}
spec:
  scopes:
  - name: lan
    type: core.oam.dev/v1alpha1.NetworkScope
    properties: {network-id: lan, subnet-id: lan, internet-gateway-type: public}
  components: []
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: various}
spec:
  components:
  - componentName: store
    instanceName: various-store
    applicationScopes: [net]
    traits:
    - {name: volume-mounter, properties: {volumeName: data, storageClass: standard}}
    - {name: auto-scaler, properties: {minimum: 2, maximum: 3, cpu: 70}}
  - {componentName: once, instanceName: various-once}
"""


def test_scopes_volumes_files_autoscalers_and_jobs_are_previewed_like_the_controller(
    diff: Invoke, api: LocalHandle
) -> None:
    api.apply(*yaml.safe_load_all(VARIOUS))
    for name in ("net", "various"):
        api.ready(name)
    api.until("networking.k8s.io/v1", "NetworkPolicy", "net-lan-network", bool)  # comes once it has members
    done = diff(VARIOUS)
    assert (done.exit_code, done.stderr) == (0, "")
    assert NOTHING.fullmatch(done.stdout)
    changed = VARIOUS.replace("once:1", "once:2").replace("value: a", "value: b").replace("[net]", "[]")
    done = diff(changed)
    heads = [line.removeprefix("# ") for line in done.stdout.splitlines() if line.startswith("# ")]
    assert "job.batch/various-once in default: would be replaced" in heads
    assert "its inputs have changed" in heads
    assert any(head.startswith("networkpolicy.networking.k8s.io/") for head in heads), heads
    assert "+  store.conf: b\n" in done.stdout
    assert "-  store.conf: a\n" in done.stdout
    alone = diff(changed.rpartition("---")[0])
    assert "various-once" in alone.stdout


def test_the_result_as_json_has_the_states_the_errors_and_the_summary(diff: Invoke) -> None:
    done = diff(LATER, "-o", "json", env={"KUBECTL_EXTERNAL_DIFF": "/no/such/program"})
    assert done.exit_code == 1
    assert done.stderr == ""
    result = json.loads(done.stdout)
    numbers = {"create": 2, "change": 1, "delete": 2, "replace": 0, "unchanged": 3, "failed": 0}
    assert (result["summary"], result["errors"]) == (numbers, [])
    [changed] = [item for item in result["items"] if item["change"] == "change"]
    assert (changed["application"], changed["namespace"], changed["kind"], changed["name"]) == (
        *("shop", "default", "Deployment", "shop-web"),
    )
    images = [changed[state]["spec"]["template"]["spec"]["containers"][0]["image"] for state in ("live", "merged")]
    assert images == ["registry.example/web:1", "registry.example/web:2"]
    assert "status" not in changed["live"]
    assert {item["live"] is None for item in result["items"] if item["change"] == "create"} == {True}
    rival = shop.DOCUMENTS.replace("metadata: {name: shop}", "metadata: {name: rival}")
    refused = json.loads(diff(rival, "-o", "json").stdout)
    assert {error["application"] for error in refused["errors"]} == {"rival"}
    assert refused["summary"]["failed"] == len(refused["errors"]) > 0
    wrong = shop.DOCUMENTS.replace("componentName: web", "componentName: wed")
    [error] = json.loads(diff(wrong, "-o", "json").stdout)["errors"]
    assert (error["application"], error["message"].partition(":")[0]) == ("shop", "$.spec.components[0].componentName")


def test_the_result_as_yaml_is_the_same(diff: Invoke) -> None:
    assert yaml.safe_load(diff(LATER, "-o", "yaml").stdout) == json.loads(diff(LATER, "-o", "json").stdout)


def test_pods_that_fit_on_no_node_are_an_error_or_a_warning(diff: Invoke) -> None:
    large = LATER.replace(
        "image: registry.example/web:2", "image: registry.example/web:2\n    resources: {cpu: {required: 9000}}"
    )
    assert large != LATER
    refused = diff(large)
    assert refused.exit_code == 2
    assert "a pod requests 9k of cpu, and the largest node has " in refused.stderr
    warned = diff(large, "--check-resources", "warn")
    assert warned.exit_code == 1
    assert "warning: deployment.apps/shop-web: a pod requests 9k of cpu" in warned.stderr
    assert "a pod requests" not in diff(large, "--check-resources", "off").stderr

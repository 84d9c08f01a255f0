"""`rudr diff` announces what the controller does next, and nothing else."""

from __future__ import annotations

from typing import Any

import yaml

from rudr_py.api import Kind
from rudr_py.model.identity import API_VERSION
from rudr_py.model.kinds import DEPLOYMENT, JOB
from rudr_py.model.metadata_keys import IGNORE_DIFFERENCES_ANNOTATION, PAUSED_ANNOTATION
from rudr_py.testing.local_handle import LocalHandle
from tests.cli.commands.diff.documents import HOLD, RELEASE, TENANT_COMPONENT, TENANTS
from tests.cli.conftest import Invoke
from tests.e2e import rudr_objects

INGRESS = Kind("networking.k8s.io/v1", "Ingress")

BATCH = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: import}
spec:
  workloadType: core.oam.dev/v1alpha1.Task
  containers: [{name: main, image: "registry.example/import:1"}]
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: nightly}
spec:
  components:
  - {componentName: import, instanceName: nightly-import}
"""
TENANT = f"""\
{TENANT_COMPONENT}---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {{name: tenants}}
spec:
  components:
  - {{componentName: tenant, instanceName: tenants-first}}
"""

PAIR = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: page}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - {name: main, image: "registry.example/page:1", ports: [{name: http, containerPort: 8080}]}
---
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: pair}
spec:
  components:
  - componentName: page
    instanceName: pair-web
    traits: [{name: ingress, properties: {hostname: pair.example.com}}]
"""


def test_a_completed_job_under_deletion_is_not_announced_because_it_does_not_run_again(
    diff: Invoke, api: LocalHandle
) -> None:
    api.apply(*yaml.safe_load_all(BATCH))
    api.ready("nightly")
    api.wait(api.cluster.patch(JOB, "nightly-import", HOLD))
    api.delete("batch/v1", "Job", "nightly-import")
    api.until("batch/v1", "Job", "nightly-import", lambda job: job["metadata"].get("deletionTimestamp"))
    terminating = diff(BATCH)
    api.wait(api.cluster.patch(JOB, "nightly-import", RELEASE))
    api.gone("batch/v1", "Job", "nightly-import")
    assert terminating.exit_code == 0, terminating.stdout
    assert diff(BATCH).exit_code == 0


def test_an_object_outside_of_the_namespace_is_announced_as_refused(diff: Invoke, api: LocalHandle) -> None:
    api.apply(*yaml.safe_load_all(TENANTS))
    announced = diff(TENANT)
    api.apply(*yaml.safe_load_all(TENANT))
    api.until(API_VERSION, "ApplicationConfiguration", "tenants", not_synced)
    assert "tenant.example.com/tenants-first" not in announced.stdout
    assert announced.exit_code == 2
    assert "error: default/tenants: tenant.example.com/tenants-first is in no namespace; " in announced.stderr


def test_a_renamed_instance_is_announced_as_kept_while_an_object_of_its_successor_is_refused(
    diff: Invoke, api: LocalHandle
) -> None:
    api.apply(*yaml.safe_load_all(PAIR))
    api.ready("pair")
    spec = {"ports": [{"port": 1}]}
    api.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "pair-new"}, "spec": spec})
    renamed = PAIR.replace("instanceName: pair-web", "instanceName: pair-new")
    announced = diff(renamed)
    api.apply(*yaml.safe_load_all(renamed))
    api.until(API_VERSION, "ApplicationConfiguration", "pair", not_synced)
    assert 'error: default/pair: service/pair-new already exists and was written by "tester"\n' in announced.stderr
    assert "ingress.networking.k8s.io/pair-new-trait-ingress in default: would be created\n" in announced.stdout
    assert api.get("networking.k8s.io/v1", "Ingress", "pair-new-trait-ingress") is not None
    kept = "deployment.apps/pair-web is kept until service/pair-new is applied"
    assert f"# deployment.apps/pair-web in default: would be pruned\n# blocked: {kept}\n" in announced.stdout
    assert api.get("apps/v1", "Deployment", "pair-web") is not None


def test_a_foreign_change_of_an_ignored_field_is_not_announced(diff: Invoke, api: LocalHandle) -> None:
    """Not before the controller has noticed it either: it is stopped by the annotation meanwhile."""
    component, application = yaml.safe_load_all(PAIR.replace("pair", "left").replace("page", "left-page"))
    rules = "- {kind: Ingress, jsonPointers: [/spec/rules/0/http/paths, /metadata/labels/oam.dev~1role]}"
    application["metadata"]["annotations"] = {IGNORE_DIFFERENCES_ANNOTATION: rules}
    api.apply(component, application)
    api.ready("left")
    application["metadata"]["annotations"][PAUSED_ANNOTATION] = "true"
    api.apply(application)
    name = "left-web-trait-ingress"
    ingress = api.get("networking.k8s.io/v1", "Ingress", name)
    assert ingress is not None
    rule = ingress["spec"]["rules"][0]
    rule["http"]["paths"].append({**rule["http"]["paths"][0], "path": "/challenge"})
    change = {"metadata": {"labels": {"oam.dev/role": "other"}}, "spec": {"rules": [rule]}}
    api.wait(api.cluster.patch(INGRESS, name, change))
    announced = diff(yaml.safe_dump_all([component, application]))
    assert announced.exit_code == 0, announced.stdout


def test_config_files_of_rudr_are_announced_as_pruned_after_the_rollout(diff: Invoke, api: LocalHandle) -> None:
    """The controller labels them when it adopts the workload that reads them, so that they are watched and pruned."""
    documents = PAIR.replace("pair", "old")
    pause = {"metadata": {"annotations": {PAUSED_ANNOTATION: "true"}}}
    component, application = yaml.safe_load_all(documents)
    api.apply(component, {**application, "metadata": {"name": "old", **pause["metadata"]}})
    api.until(API_VERSION, "ApplicationConfiguration", "old", lambda one: "Paused" in str(one.get("status")))
    owner = api.wait(rudr_objects.instance(api.cluster, "old", "page", "old-web"))
    api.wait(rudr_objects.config_map(api.cluster, owner, "main0", "old-web", file="text"))
    mounts = [{"name": "main0", "mountPath": "/etc/main"}]
    containers = [{"name": "main", "image": "registry.example/page:0", "volumeMounts": mounts}]
    pod = {"containers": containers, "volumes": [{"name": "main0", "configMap": {"name": "main0"}}]}
    labels = rudr_objects.labels("old-web", "Service", "old")
    metadata = {"labels": labels, "ownerReferences": rudr_objects.owned(owner)}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}
    api.wait(rudr_objects.create(api.cluster, DEPLOYMENT, "old-web", metadata=metadata, spec=spec))
    announced = diff(documents)
    api.apply(application)
    api.gone("v1", "ConfigMap", "main0")
    assert "# deployment.apps/old-web in default: would be changed\n# it would be adopted\n" in announced.stdout
    assert "# configmap/main0 in default: would be pruned\n# blocked: pods may still read it" in announced.stdout


def not_synced(application: dict[str, Any]) -> bool:
    conditions = application.get("status", {}).get("conditions", ())
    return any((condition["type"], condition["status"]) == ("Synced", "False") for condition in conditions)

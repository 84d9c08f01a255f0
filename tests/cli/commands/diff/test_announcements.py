"""A property: the changes that `rudr diff` announces are exactly those that the next reconcile makes.

Every example has an application whose objects are in some state (in sync, drifted, deleted, under deletion, orphaned,
of another owner, of Rudr …) and changed documents. No controller runs while the states are prepared and compared.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from click.testing import CliRunner
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from rudr_py.api import Kind, Ref
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.program import program
from rudr_py.local.cluster import LocalSettings
from rudr_py.model.kinds import APPLICATION, COMPONENT_INSTANCE, CONFIG_MAP, DEPLOYMENT, JOB, SERVICE
from rudr_py.testing import local_handle
from rudr_py.testing.local_handle import LocalHandle
from tests.cli import shop
from tests.cli.commands.diff.documents import HOLD, RELEASE, TENANT_COMPONENT, TENANTS
from tests.e2e import rudr_objects

Document = dict[str, Any]
Announced = dict[str, tuple[str, bool]]
"""Object -> `created`, `changed`, `replaced` or `pruned`, and whether that is announced for later only."""

INGRESS = Kind("networking.k8s.io/v1", "Ingress")
TENANT = Kind("example.com/v1", "Tenant")
KINDS = (COMPONENT_INSTANCE, DEPLOYMENT, SERVICE, INGRESS, JOB, CONFIG_MAP)
APPLIED = "rudr.oam.dev/applied"

WEB = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {{name: {name}}}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  parameters: [{{name: round, type: string, default: "0"}}]
  containers:
  - name: server
    image: registry.example/web:{version}
    ports: [{{name: http, containerPort: 8080}}]
    resources: {{volumes: [{volume}]}}
"""
FILES = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: files}
spec:
  workloadType: core.oam.dev/v1alpha1.Worker
  parameters: [{name: text, type: string, default: a}]
  containers:
  - name: main
    image: registry.example/files:1
    config: [{path: /etc/files.conf, fromParam: text}]
"""
IMPORT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {{name: {name}}}
spec:
  workloadType: core.oam.dev/v1alpha1.Task
  parameters: [{{name: source, type: string, default: old}}]
  containers: [{{name: main, image: "registry.example/import:1", env: [{{name: SOURCE, fromParam: source}}]}}]
"""
COMPONENTS = "---\n".join(
    (
        WEB.format(name="web", version=1, volume=""),
        WEB.format(name="web-2", version=2, volume=""),
        WEB.format(name="web-3", version=1, volume="{name: data, mountPath: /data, sharingPolicy: Exclusive}"),
        FILES,
        IMPORT.format(name="import"),
        IMPORT.format(name="import-2"),
    )
)


class Case(msgspec.Struct, frozen=True):
    """The states of an application's objects, and the changes of its documents."""

    deployment: str = ""
    service: str = ""
    job: str = ""
    files: str = ""
    changes: frozenset[str] = frozenset()
    paused: bool = False


CASES = st.builds(
    Case,
    deployment=st.sampled_from(
        [
            "in sync",
            "drifted",
            "deleted",
            "terminating",
            "orphaned",
            "without label",
            "without record",
            "other selector",
            "stranger",
        ]
    ),
    service=st.sampled_from(["in sync", "drifted", "deleted", "headless", "stranger", "Rudr's"]),
    job=st.sampled_from(
        ["running", "deleted", "terminating", "complete", "complete, deleted", "complete, terminating"]
    ),
    files=st.sampled_from(["in sync", "without instance", "terminating instance", "Rudr's"]),
    changes=st.frozensets(
        st.sampled_from(
            [
                "other inputs",
                "without ingress",
                "without files",
                "other files",
                "with tenant",
                "scaled",
                "other components",
                "exclusive volume",
            ]
        ),
        max_size=2,
    ),
    paused=st.sampled_from([False, False, True]),
)


@pytest.fixture(name="api", scope="module")
def _api() -> Iterator[LocalHandle]:
    """An API whose only controller is the garbage collector, so that nothing but rudr changes an object."""
    with local_handle.started(LocalSettings(controllers=frozenset({"garbagecollector"}))) as handle:
        handle.apply(*yaml.safe_load_all(TENANTS))
        handle.until("apiextensions.k8s.io/v1", "CustomResourceDefinition", "tenants.example.com", _is_established)
        handle.cluster.discovery.invalidate()
        handle.apply(*yaml.safe_load_all(COMPONENTS), yaml.safe_load(TENANT_COMPONENT))
        yield handle


def _is_established(crd: Document) -> bool:
    return any(condition["type"] == "Established" for condition in crd.get("status", {}).get("conditions", ()))


class Subject:
    """One application, its documents, and everything that a test does to its objects."""

    numbers = itertools.count(1)

    def __init__(self, api: LocalHandle, folder: Path) -> None:
        self.api = api
        self.name = f"a{next(self.numbers)}"
        self.round = 0
        self._folder = folder
        shop.write_kubeconfig(api, folder / "kubeconfig")

    def instance(self, component: str) -> str:
        return f"{self.name}-{component}"

    def document(self, changes: frozenset[str] = frozenset(), *, paused: bool = False) -> Document:
        """The application; `round` makes a new generation and changes nothing else."""
        web: Document = {
            "componentName": "web",
            "instanceName": self.instance("web"),
            "parameterValues": [{"name": "round", "value": str(self.round)}],
            "traits": [{"name": "ingress", "properties": {"hostname": f"{self.name}.example.com"}}],
        }
        if "exclusive volume" in changes:
            web["componentName"] = "web-3"
        if "without ingress" in changes:
            web["traits"] = []
        if "scaled" in changes:
            web["traits"] = [*web["traits"], {"name": "manual-scaler", "properties": {"replicaCount": 3}}]
        job: Document = {"componentName": "import", "instanceName": self.instance("import")}
        if "other components" in changes:
            web["componentName"], job["componentName"] = "web-2", "import-2"
        if "other inputs" in changes:
            job |= {"parameterValues": [{"name": "source", "value": "new"}]}
        components = [web, job]
        if "without files" not in changes:
            values = [{"name": "text", "value": "b" if "other files" in changes else "a"}]
            instance = {"componentName": "files", "instanceName": self.instance("files")}
            components.append({**instance, "parameterValues": values})
        if "with tenant" in changes:
            components.append({"componentName": "tenant", "instanceName": self.instance("tenant")})
        metadata = {"name": self.name, "annotations": {"rudr.oam.dev/paused": "true" if paused else "false"}}
        return {
            "apiVersion": APPLICATION.api_version,
            "kind": APPLICATION.kind,
            "metadata": metadata,
            "spec": {"components": components},
        }

    def reconcile(self, document: Document, before: dict[str, Document], expected: dict[str, str]) -> None:
        """Apply the document and run a controller until it has reconciled it and made the expected changes."""
        self.api.apply(document)
        with local_handle.controlling(self.api) as control:
            control()
            self.api.until(APPLICATION.api_version, APPLICATION.kind, self.name, _is_reconciled)
            for ref, change in expected.items():
                prefix, _, name = ref.partition("/")
                kind = next(kind for kind in KINDS if str(Ref(kind, name)) == f"{prefix}/{name}")
                if change == "pruned":
                    self.api.gone(kind.api_version, kind.kind, name)
                else:
                    self.api.until(kind.api_version, kind.kind, name, functools.partial(_change, before.get(ref)))
        self.round += 1

    def diff(self, document: Document) -> tuple[Announced, str]:
        """The announced changes, and the errors."""
        path = self._folder / "documents.yaml"
        path.write_text(yaml.safe_dump(document))
        done = CliRunner().invoke(program, ["diff", "-f", str(path), "--kubeconfig", str(self._folder / "kubeconfig")])
        assert done.exit_code == (2 if "error:" in done.stderr else 1 if "would be" in done.stdout else 0), (
            done,
            done.stderr,
        )
        announced: Announced = {}
        for line in done.stdout.splitlines():
            if match := re.fullmatch(r"# (\S+) in default: would be (\w+)", line):
                ref = match[1]
                announced[ref] = (match[2], False)
            elif line.startswith("# blocked: "):
                announced[ref] = (announced[ref][0], True)
        return announced, "".join(line for line in done.stderr.splitlines(True) if line.startswith("error:"))

    def snapshot(self) -> dict[str, Document]:
        """All objects of the application and of its instances, by the names of `rudr diff`."""
        objects = {}
        for kind in KINDS:
            for document in self.api.list(kind.api_version, kind.kind):
                name = document["metadata"]["name"]
                if re.search(rf"(^|-){self.name}-", name):
                    objects[str(Ref(kind, name))] = document
        return objects

    def patch(self, kind: Kind, name: str, content: Document) -> None:
        self.api.wait(self.api.cluster.patch(kind, name, content, manager="kubectl-edit"))

    def delete(self, kind: Kind, name: str) -> None:
        self.api.delete(kind.api_version, kind.kind, name)

    def replace(self, kind: Kind, name: str, content: Document) -> None:
        """Delete the object and create one of another owner with its name."""
        self.delete(kind, name)
        self.api.gone(kind.api_version, kind.kind, name)
        self.api.apply({"apiVersion": kind.api_version, "kind": kind.kind, "metadata": {"name": name}, **content})

    def prepare(self, case: Case) -> None:
        """Bring the objects, which are in sync, into the states of the case."""
        self._prepare_deployment(case.deployment)
        self._prepare_service(case.service)
        self._prepare_job(case.job)
        self._prepare_files(case.files)

    def _prepare_files(self, state: str) -> None:
        name = f"files-{self.instance('files')}"
        match state:
            case "without instance":
                self.api.wait(self.api.cluster.delete(COMPONENT_INSTANCE, name, propagation="Orphan"))
                self.api.gone(COMPONENT_INSTANCE.api_version, COMPONENT_INSTANCE.kind, name)
            case "terminating instance":
                self.patch(COMPONENT_INSTANCE, name, HOLD)
                self.delete(COMPONENT_INSTANCE, name)
            case "Rudr's":
                self._give_to_rudr(DEPLOYMENT, self.instance("files"))

    def _give_to_rudr(self, kind: Kind, name: str) -> None:
        """Replace an object by one that Rudr wrote: no annotation and label of rudr, and another manager."""
        live = self.api.get(kind.api_version, kind.kind, name)
        assert live is not None
        self.delete(kind, name)
        self.api.gone(kind.api_version, kind.kind, name)
        kept = {key: live["metadata"][key] for key in ("labels", "ownerReferences")}
        del kept["labels"]["app.kubernetes.io/managed-by"]
        self.api.wait(rudr_objects.create(self.api.cluster, kind, name, metadata=kept, spec=live["spec"]))

    def _prepare_deployment(self, state: str) -> None:
        name = self.instance("web")
        labels = {"app": "theirs"}
        template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "a", "image": "a"}]}}
        foreign = {"spec": {"selector": {"matchLabels": labels}, "template": template}}
        match state:
            case "drifted":
                self.patch(DEPLOYMENT, name, {"metadata": {"labels": {"oam.dev/instance-name": "other"}}})
            case "deleted":
                self.delete(DEPLOYMENT, name)
            case "terminating":
                self.patch(DEPLOYMENT, name, HOLD)
                self.delete(DEPLOYMENT, name)
            case "orphaned":
                self.patch(DEPLOYMENT, name, {"metadata": {"ownerReferences": None}})
            case "without label":
                self.patch(DEPLOYMENT, name, {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}})
            case "without record":
                self.patch(DEPLOYMENT, name, {"metadata": {"annotations": {APPLIED: None}}})
            case "other selector":
                self._replace_spec(DEPLOYMENT, name, foreign["spec"])
            case "stranger":
                self.replace(DEPLOYMENT, name, foreign)

    def _replace_spec(self, kind: Kind, name: str, spec: Document) -> None:
        """Delete an object of rudr and create one of the same owner with another spec."""
        live = self.api.get(kind.api_version, kind.kind, name)
        assert live is not None
        kept = {key: live["metadata"][key] for key in ("labels", "ownerReferences")}
        self.replace(kind, name, {"metadata": {"name": name, **kept}, "spec": spec})

    def _prepare_service(self, state: str) -> None:
        name = self.instance("web")
        match state:
            case "headless":
                self._replace_spec(SERVICE, name, {"clusterIP": "None"})
            case "drifted":
                self.patch(SERVICE, name, {"spec": {"selector": {"oam.dev/instance-name": "other"}}})
            case "deleted":
                self.delete(SERVICE, name)
            case "stranger":
                self.replace(SERVICE, name, {"spec": {"ports": [{"port": 1}]}})
            case "Rudr's":
                self._give_to_rudr(SERVICE, name)

    def _prepare_job(self, state: str) -> None:
        name = self.instance("import")
        if "terminating" in state:
            self.patch(JOB, name, HOLD)
        if "terminating" in state or "deleted" in state:
            self.delete(JOB, name)

    def end_job(self, condition: str) -> None:
        """Let the Job end, and let a controller record that in the status."""
        target = self.api.wait(self.api.cluster.target(JOB, self.instance("import"), "status"))
        content = msgspec.json.encode({"status": {"conditions": [{"type": condition, "status": "True"}]}})
        with local_handle.controlling(self.api) as control:
            control()
            self.api.wait(self.api.cluster.client.merge_patch(target, content, "job-controller"))
            self.api.until(
                APPLICATION.api_version,
                APPLICATION.kind,
                self.name,
                lambda application: f"'{condition.lower()}'" in str(application["status"]),
            )

    def unblock(self, case: Case) -> None:
        """End everything for which a change had to wait."""
        web, job = self.instance("web"), self.instance("import")
        if case.deployment == "terminating":
            self.patch(DEPLOYMENT, web, RELEASE)
        if case.deployment == "stranger":
            self.delete(DEPLOYMENT, web)
        if case.service == "stranger":
            self.delete(SERVICE, web)
        if "terminating" in case.job:
            self.patch(JOB, job, RELEASE)
        if case.files == "terminating instance":
            self.patch(COMPONENT_INSTANCE, f"files-{self.instance('files')}", RELEASE)
            self.api.gone(DEPLOYMENT.api_version, DEPLOYMENT.kind, self.instance("files"))
            self.api.gone(CONFIG_MAP.api_version, CONFIG_MAP.kind, self.file())

    def file(self) -> str:
        """The ConfigMap of the file as it is without `other files`."""
        return f"{self.instance('files')}-main-0-e6ebc204a2"

    def keeps_file(self, changes: frozenset[str]) -> bool:
        """Whether the changes replace a file whose ConfigMap still has its owner: no controller ends the rollout."""
        replaced = {"other files", "without files"} & changes == {"other files"}
        live = self.api.get(CONFIG_MAP.api_version, CONFIG_MAP.kind, self.file()) if replaced else None
        return bool(live and live["metadata"].get("ownerReferences"))


def _is_reconciled(application: Document) -> bool:
    status, generation = application.get("status", {}), application["metadata"]["generation"]
    synced = [condition for condition in status.get("conditions", ()) if condition["type"] == "Synced"]
    return any(
        condition.get("observedGeneration") == generation and condition["reason"] != "Applying" for condition in synced
    )


def changes(before: dict[str, Document], after: dict[str, Document]) -> dict[str, str]:
    """The effects of a reconcile on the objects of two snapshots."""
    effects = {ref: _change(before.get(ref), after.get(ref)) for ref in before.keys() | after.keys()}
    return {ref: change for ref, change in effects.items() if change}


def _change(old: Document | None, new: Document | None) -> str:
    if old is None or new is None:
        return "created" if old is None else "pruned"
    if old["metadata"]["uid"] != new["metadata"]["uid"]:
        return "replaced"
    return "changed" if _compared(old) != _compared(new) else ""


def _compared(document: Document) -> Document:
    metadata = {key: value for key, value in document["metadata"].items() if key not in document_diff.HIDDEN}
    return {**{key: value for key, value in document.items() if key != "status"}, "metadata": metadata}


def check(subject: Subject, document: Document) -> bool:
    """The next reconcile does what is announced for now; what is announced for later is announced again after it.

    Returns whether anything is left to do.
    """
    announced, errors = subject.diff(document)
    now = {ref: change for ref, (change, later) in announced.items() if not later}
    before = subject.snapshot()
    subject.reconcile(document, before, now)
    assert changes(before, subject.snapshot()) == now, errors
    later = {ref: announcement for ref, announcement in announced.items() if announcement[1]}
    assert subject.diff(document) == (later, errors)
    return bool(later or "error:" in errors)


def check_case(case: Case, api: LocalHandle, folder: Path) -> None:
    subject = Subject(api, folder)
    assert not check(subject, subject.document())
    if "complete" in case.job or "failed" in case.job:
        subject.end_job("Failed" if "failed" in case.job else "Complete")
    subject.prepare(case)
    if case.paused:
        before = subject.snapshot()
        check(subject, subject.document(case.changes, paused=True))
        assert changes(before, subject.snapshot()) == {}
    if check(subject, subject.document(case.changes)):
        subject.unblock(case)
        blocked = check(subject, subject.document(case.changes))
        invalid = {"scaled", "exclusive volume"} <= case.changes
        assert blocked == ("with tenant" in case.changes or invalid or subject.keeps_file(case.changes))
    api.delete(APPLICATION.api_version, APPLICATION.kind, subject.name)


@example(Case(changes=frozenset({"scaled", "exclusive volume"})))
@example(Case(files="Rudr's", changes=frozenset({"other files"})))
@example(Case(deployment="other selector", changes=frozenset({"exclusive volume"})))
@example(Case(deployment="terminating", job="complete, terminating", changes=frozenset({"without files"})))
@example(Case(files="terminating instance", service="Rudr's", job="failed, deleted"))
@example(Case(files="in sync", changes=frozenset({"other files"})))
@example(Case(files="without instance", changes=frozenset({"other files"})))
@example(Case(deployment="other selector", changes=frozenset({"scaled"})))
@example(Case(deployment="in sync", changes=frozenset({"exclusive volume"})))
@example(Case(job="running", changes=frozenset({"other components"})))
@example(Case(deployment="orphaned", service="stranger", job="complete, deleted", paused=True))
@given(CASES)
@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_next_reconcile_makes_exactly_the_announced_changes(
    api: LocalHandle, tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    check_case(case, api, tmp_path_factory.mktemp("case"))


@pytest.mark.slow
@given(CASES)
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_announced_changes_and_reconciles_agree_in_many_states(
    api: LocalHandle, tmp_path_factory: pytest.TempPathFactory, case: Case
) -> None:
    check_case(case, api, tmp_path_factory.mktemp("case"))

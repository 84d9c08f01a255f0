"""The checks of an application: the reasons why it is not Ready. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.api import mappings_in
from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import pod_state
from rudr_py.cli.commands.doctor import advice, finding, types, workload_pods
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.cli.commands.status import report as status_report
from rudr_py.cli.commands.status.report import ApplicationReport
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.output import plain_text
from rudr_py.model import suggest
from rudr_py.model.shapes import rewrite
from rudr_py.plugins import roles
from rudr_py.render import holds
from rudr_py.render.values import pins

Document = Mapping[str, Any]

_MISSING = re.compile(
    r'the ComponentSchematic "[^"]*" does not exist|no installed plugin provides the [a-z ]{1,64} "[^"]*"'
)
"""The beginning of a message about a missing component or type, in conditions and in findings."""

MAX_EVENTS = 5


class ApplicationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """An application and its surroundings. `objects` are those that it owns, directly or not, including pods.

    `components` are those of its namespace, None if they cannot be read. `events` are about it and its objects.
    """

    application: Document
    objects: tuple[Document, ...] = ()
    components: tuple[Document, ...] | None = None
    published: tuple[Document, ...] = ()
    events: tuple[Document, ...] = ()
    unread: tuple[str, ...] = ()


def check(facts: ApplicationFacts, catalog: Catalog) -> list[Finding]:
    """The findings of all checks, causes before their consequences."""
    pods = [document for document in facts.objects if document.get("kind") == "Pod"]
    report = status_report.of(facts.application, pods, facts.components)
    missing = [*missing_components(facts), *unknown_types(facts, catalog)]
    findings = [
        *reconciled(report, facts.application),
        *missing,
        *conditions(report, missing),
        *instances(report, facts),
        *(note("removals", item.message) for item in report.kept),
        *(note("warnings", warning) for warning in report.warnings),
        *events(facts),
        *(note(finding.UNREAD, message) for message in facts.unread),
    ]
    if not any(result.level == "problem" for result in findings):
        message = report.condition("Ready").message.partition("\n")[0]
        findings.insert(0, ok("application", f"{report.namespace}/{report.name} is Ready: {message}"))
    return findings


def reconciled(report: ApplicationReport, application: Document) -> Iterator[Finding]:
    """Whether the controller has reconciled the current generation."""
    finalizers = application.get("metadata", {}).get("finalizers") or ()
    if application.get("metadata", {}).get("deletionTimestamp"):
        blocked = f"; blocked by the finalizers {', '.join(map(str, finalizers))}" if finalizers else ""
        message = f"the application is being deleted{blocked}"
        yield problem("application", message, "if this persists, check the controller; rudr doctor")
    elif report.unreportable:
        yield problem("documents", report.pending, advice.valid("InvalidDocument", report.namespace))
    elif report.pending:
        yield problem("application", report.pending, "rudr doctor")


def missing_components(facts: ApplicationFacts) -> Iterator[Finding]:
    """Components that the application uses and that do not exist."""
    if facts.components is None:
        return
    existing = sorted(str(component.get("metadata", {}).get("name")) for component in facts.components)
    namespace = str(facts.application.get("metadata", {}).get("namespace"))
    deleted = {
        entry.get("name")
        for entry in mappings_in(facts.application, "status", "pendingComponents")
        if entry.get("deleted")
    }
    used = [rewrite.component_of(binding) for binding in types.bindings(facts.application)]
    for name in dict.fromkeys(str(used_name) for used_name in used if used_name):
        if name not in existing and name not in deleted:
            hint = suggest.nearest(name, existing) or f" Components: {', '.join(existing) or 'none'}."
            message = f'the ComponentSchematic "{name}" does not exist in namespace {namespace}.{hint}'
            yield problem("components", message, advice.valid("ComponentNotFound", namespace))


def unknown_types(facts: ApplicationFacts, catalog: Catalog) -> Iterator[Finding]:
    """Types that the application uses and that no package offers."""
    uses = types.used([facts.application], facts.components or ())
    yield from (result for result in types.check(uses, catalog, facts.published) if result.level != "ok")


def conditions(report: ApplicationReport, missing: Iterable[Finding] = ()) -> Iterator[Finding]:
    """The problems in the conditions, except those in `missing`."""
    valid, synced, paused = report.condition("Valid"), report.condition("Synced"), report.condition("Paused")
    reported = {match[0] for result in missing if (match := _MISSING.search(result.message))}
    if valid.status == "False":
        for line in valid.message.splitlines() or [valid.reason]:
            match = _MISSING.search(line)
            if not (match and match[0] in reported):
                yield problem("documents", line, advice.valid(valid.reason, report.namespace))
    if synced.status == "False":
        for line in synced.message.partition(f"\n{roles.GRANTS}")[0].splitlines() or [synced.reason]:
            yield problem("objects", line, advice.synced(synced.reason, report.namespace, report.name, line))
    for line in report.condition("Held").message.splitlines():
        if synced.status != "False" or synced.reason not in holds.REASONS:  # else the same lines are problems
            hint = advice.synced(holds.REASON, report.namespace, report.name)
            yield note("held", f"nothing is applied of {line}", hint)
    for line in report.condition(pins.PINNED).message.splitlines():
        yield note("components", line, advice.synced(pins.PINNED, report.namespace, report.name))
    if paused.status == "True":
        yield problem("paused", paused.message, advice.synced("Paused", report.namespace, report.name))


def instances(report: ApplicationReport, facts: ApplicationFacts) -> Iterator[Finding]:
    """The instances that are not ready, with their pods and traits that are not ready."""
    namespace = report.namespace
    pods = {str(document["metadata"]["name"]): document for document in facts.objects if document.get("kind") == "Pod"}
    reported: set[str] = set()
    for instance in report.instances:
        unready = [pod for pod in instance.pods if not pod.ok]
        is_held = instance.reason in holds.REASONS and instance.state != "failed"  # a note of `conditions`
        if not instance.ok and not is_held and report.condition("Valid").status != "False":
            message = f"{instance.name}: {instance.message.partition('; pod ')[0] or instance.reason}"
            tree = "" if unready else f"rudr tree {report.name} -n {namespace} -o wide"
            hint = advice.rejected_pods(instance.message) or tree
            yield Finding("instances", "problem", message, hint)
        if not instance.ok:
            documents = [pods[pod.name] for pod in unready]
            yield from workload_pods.findings(documents, facts.objects, namespace)
            reported |= {pod.name for pod in unready}
        for trait in instance.traits:
            if not trait.ok and trait.reason not in holds.REASONS and report.condition("Valid").status != "False":
                message = f"{instance.name}, trait {trait.name}: {trait.message or trait.reason}"
                yield problem("traits", message, advice.trait(trait.reason, namespace, trait.name))
    failed = [pod for name, pod in pods.items() if name not in reported and pod_state.assess(pod).state == "failed"]
    yield from workload_pods.findings(failed, facts.objects, namespace)


def events(facts: ApplicationFacts) -> Iterator[Finding]:
    """The latest warnings about the application and its objects, without those of conditions.

    Of the warnings with the same reason about a workload and its pods, one is printed.
    """
    by_uid = {str(document["metadata"].get("uid")): document for document in facts.objects}
    warnings = [
        event for event in facts.events if event.get("type") == "Warning" and event.get("action") != "Reconcile"
    ]
    latest: dict[tuple[str, str], str] = {}
    for event in sorted(warnings, key=_last_time, reverse=True):
        reference = event.get("involvedObject") or {}
        name = ownership_tree.name_of({**reference, "metadata": {"name": reference.get("name")}})
        count = event.get("count") or (event.get("series") or {}).get("count") or 1
        times = f" ({plain_text.counted(count, 'time')})" if isinstance(count, int) and count > 1 else ""
        subject = by_uid.get(str(reference.get("uid")))
        workload = workload_pods.owner_name(subject, by_uid) if subject is not None else ""
        key = workload or name, str(event.get("reason"))
        latest.setdefault(key, f"{name}: {event.get('reason')}: {event.get('message')}{times}")
    yield from (note("events", message) for message in list(latest.values())[:MAX_EVENTS])


def _last_time(event: Document) -> str:
    series = event.get("series") or {}
    times: Sequence[object] = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next((str(time) for time in times if time), "")

"""The checks of one application: why it is not Ready, as far as the cluster can tell. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from rudr_py.catalog import Catalog
from rudr_py.cli.cluster import pod_state
from rudr_py.cli.commands.doctor import advice, finding, types
from rudr_py.cli.commands.doctor.finding import Finding, note, ok, problem
from rudr_py.cli.commands.status import report
from rudr_py.cli.commands.status.report import ApplicationReport
from rudr_py.cli.commands.tree import ownership_tree
from rudr_py.cli.output import problems
from rudr_py.model import suggest

Document = Mapping[str, Any]

_MISSING = re.compile(r'the ComponentSchematic "[^"]*" does not exist|no installed plugin offers the [a-z ]+ "[^"]*"')
"""How the controller and these checks both begin to tell of what is not there."""

EVENTS = 5
"""How many events are told, the latest."""


class ApplicationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an application. `objects` are all that it owns, directly or not, pods included.

    `components` are those of its namespace, None when they may not be read; `events` are about it and its objects.
    """

    application: Document
    objects: tuple[Document, ...] = ()
    components: tuple[Document, ...] | None = None
    published: tuple[Document, ...] = ()
    events: tuple[Document, ...] = ()
    unread: tuple[str, ...] = ()


def check(found: ApplicationFacts, catalog: Catalog) -> list[Finding]:
    """Everything that there is to say, causes before what comes of them."""
    pods = [one for one in found.objects if one.get("kind") == "Pod"]
    told = report.of(found.application, pods)
    missing = [*missing_components(found), *unknown_types(found, catalog)]
    results = [
        *taken_up(told, found.application),
        *missing,
        *conditions(told, missing),
        *instances(told, found),
        *(note("warnings", warning) for warning in told.warnings),
        *events(found),
        *(note(finding.UNREAD, message) for message in found.unread),
    ]
    if not any(one.level == "problem" for one in results):
        ready = told.condition("Ready").message.partition("\n")[0]
        results.insert(0, ok("application", f"{told.namespace}/{told.name} is Ready: {ready}"))
    return results


def taken_up(told: ApplicationReport, application: Document) -> Iterator[Finding]:
    """Whether the controller has seen the application as it is now."""
    finalizers = application.get("metadata", {}).get("finalizers") or ()
    if application.get("metadata", {}).get("deletionTimestamp"):
        held = f"; held back by {', '.join(map(str, finalizers))}" if finalizers else ""
        yield problem("application", f"it is being deleted{held}", "rudr doctor, if that lasts: a controller ends it")
    elif told.pending:
        yield problem("application", told.pending, "rudr doctor")


def missing_components(found: ApplicationFacts) -> Iterator[Finding]:
    """Components that the application names and that are not there."""
    if found.components is None:
        return
    there = sorted(str(one.get("metadata", {}).get("name")) for one in found.components)
    namespace = str(found.application.get("metadata", {}).get("namespace"))
    named = [one.get("componentName") for one in types.bindings(found.application)]
    for name in dict.fromkeys(str(one) for one in named if one):
        if name not in there:
            hint = suggest.nearest(name, there) or f" There is {', '.join(there) or 'none'}."
            message = f'the ComponentSchematic "{name}" does not exist in the namespace {namespace}.{hint}'
            yield problem("components", message, advice.valid("ComponentNotFound", namespace))


def unknown_types(found: ApplicationFacts, catalog: Catalog) -> Iterator[Finding]:
    """Types that the application uses and nobody offers."""
    uses = types.used([found.application], found.components or ())
    yield from (one for one in types.check(uses, catalog, found.published) if one.level != "ok")


def conditions(told: ApplicationReport, missing: Iterable[Finding] = ()) -> Iterator[Finding]:
    """What the controller itself says is wrong, less what is told as `missing` already."""
    valid, synced, paused = told.condition("Valid"), told.condition("Synced"), told.condition("Paused")
    already = {named[0] for one in missing if (named := _MISSING.search(one.message))}
    if valid.status == "False":
        for line in valid.message.splitlines() or [valid.reason]:
            named = _MISSING.search(line)
            if not (named and named[0] in already):
                yield problem("documents", line, advice.valid(valid.reason, told.namespace))
    if synced.status == "False":
        for line in synced.message.splitlines() or [synced.reason]:
            yield problem("objects", line, advice.synced(synced.reason, told.namespace, told.name))
    if paused.status == "True":
        yield problem("paused", paused.message, advice.synced("Paused", told.namespace, told.name))


def instances(told: ApplicationReport, found: ApplicationFacts) -> Iterator[Finding]:
    """The instances that are not ready, each with its traits and the pods that hold it up."""
    namespace = told.namespace
    pods = {str(one["metadata"]["name"]): one for one in found.objects if one.get("kind") == "Pod"}
    shown: set[str] = set()
    for instance in told.instances:
        waiting = [pod for pod in instance.pods if not pod.ok]
        if not instance.ok and told.condition("Valid").status != "False":
            message = f"{instance.name}: {instance.message.partition('; pod ')[0] or instance.reason}"
            hint = "" if waiting else f"rudr tree {told.name} -n {namespace} -o wide"
            yield Finding("instances", "problem", message, hint)
        for pod in () if instance.ok else waiting:
            shown.add(pod.name)
            yield _pod(pod.name, pod.reason, pod.message, namespace)
        for trait in instance.traits:
            if trait.state == "failed" or (trait.state == "progressing" and trait.message):
                message = f"{instance.name}, trait {trait.name}: {trait.message or trait.reason}"
                yield note("traits", message, f"rudr explain trait {trait.name}")
    for name, document in pods.items():
        health = pod_state.assess(document)
        if health.state == "failed" and name not in shown:
            yield _pod(name, health.reason, health.message, namespace)


def _pod(name: str, reason: str, message: str, namespace: str) -> Finding:
    told = f"{name}: {reason}" + (f", {message}" if message else "")
    return problem("pods", told, advice.pod(reason, namespace, name))


def events(found: ApplicationFacts) -> Iterator[Finding]:
    """The latest warnings about the application and its objects, each once, less those that tell of conditions."""
    bad = [one for one in found.events if one.get("type") == "Warning" and one.get("action") != "Reconcile"]
    latest: dict[tuple[str, str], str] = {}
    for event in sorted(bad, key=_when, reverse=True):
        about = event.get("involvedObject") or {}
        place = ownership_tree.name_of({**about, "metadata": {"name": about.get("name")}})
        count = event.get("count") or (event.get("series") or {}).get("count") or 1
        times = f" ({problems.counted(count, 'time')})" if isinstance(count, int) and count > 1 else ""
        key = place, str(event.get("reason"))
        latest.setdefault(key, f"{place}: {event.get('reason')}: {event.get('message')}{times}")
    yield from (note("events", message) for message in list(latest.values())[:EVENTS])


def _when(event: Document) -> str:
    series = event.get("series") or {}
    moments: Sequence[object] = (series.get("lastObservedTime"), event.get("lastTimestamp"), event.get("eventTime"))
    return next((str(one) for one in moments if one), "")

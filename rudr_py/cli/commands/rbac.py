"""`rudr rbac`: the exact rights for the plugins that are installed, as roles that kubectl applies."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Literal

import click
import msgspec

from rudr_py.api import Rule
from rudr_py.catalog import Catalog
from rudr_py.cli.documents import files
from rudr_py.cli.options import plugins
from rudr_py.cli.output import documents
from rudr_py.errors import DocumentError, Right
from rudr_py.model.parse import definition
from rudr_py.model.parse import documents as parse
from rudr_py.plugins import entry_points, loading, right_purposes, rights, roles
from rudr_py.plugins.rights import Rights
from rudr_py.plugins.roles import RoleScope, ServiceAccount

Form = Literal["yaml", "json", "name", "wide"]


class _Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The options by their names."""

    form: Form
    name: str
    publish: bool
    root_scopes: bool
    leader_elect: bool
    lease: str
    lease_namespace: str | None
    watch: str
    definitions: str
    account: tuple[str, str] | None
    filenames: tuple[str, ...]
    recursive: bool
    aggregate: bool
    no_headers: bool


def run(context: click.Context, /, **flags: object) -> None:
    """Print the roles."""
    asked = msgspec.convert(flags, _Asked)
    catalog = plugins.types(context).catalog
    needed = rights.needed(
        catalog,
        publish=asked.publish,
        root_scopes=asked.root_scopes,
        leader_elect=asked.leader_elect,
        lease=asked.lease,
        further=tuple(_admitted(asked)),
    )
    if asked.aggregate:
        standard = rights.needed(loading.load([], entry_points.standard()).catalog)
        needed = Rights(cluster=rights.beyond(needed.cluster, standard.cluster), definitions=())
        found = [roles.role("ClusterRole", f"{asked.name}-further", needed.cluster, labels=roles.AGGREGATE)]
    else:
        found = list(roles.documents(needed, _installation(asked)))
    if asked.form == "wide":
        text = documents.table(_table(needed, catalog, asked), headers=not asked.no_headers)
    else:
        text = documents.text(found, asked.form)
    click.echo(text, nl=False)


def _installation(asked: _Asked) -> RoleScope:
    return RoleScope(
        name=asked.name,
        watched=tuple(name.strip() for name in asked.watch.split(",") if name.strip()),
        definitions=asked.definitions,
        own=asked.lease_namespace or asked.definitions,
        account=ServiceAccount(*asked.account) if asked.account else None,
    )


def _table(needed: Rights, catalog: Catalog, asked: _Asked) -> list[tuple[str, ...]]:
    """A row for each thing that rights for one resource are needed for."""
    places = _installation(asked)
    rows: list[tuple[str, ...]] = [("RESOURCE", "VERBS", "NAMESPACE", "NEEDED")]
    everywhere = ",".join(places.watched) or "<all>"
    for where, rules in (
        (everywhere, needed.cluster),
        (places.definitions, needed.definitions),
        (places.own, needed.own),
    ):
        for rule in rules:
            for resource in rule.resources:
                group = rule.groups[0]
                verbs: dict[str, list[str]] = {}
                for verb in rule.verbs:
                    purpose = right_purposes.of(catalog, Right(verb, resource, group)) or "by a WorkloadType object"
                    verbs.setdefault(purpose, []).append(verb)
                name = f"{resource}.{group}" if group else resource
                rows += ((name, ",".join(found), where, purpose) for purpose, found in verbs.items())
    return rows


def _admitted(asked: _Asked) -> Iterator[Rule]:
    """The rules for what the WorkloadType objects in the files admit. Raises DocumentError with all their mistakes."""
    reading = files.read(asked.filenames, recursive=asked.recursive, stdin=sys.stdin.buffer.read)
    problems = list(reading.problems)
    for document in reading.documents:
        if document.value.get("kind") != "WorkloadType" or not parse.is_oam(document.value):
            continue
        parsed = definition.parse_workload_type(document.value, document.positions)
        problems += parsed.problems
        if parsed.value is None or parsed.problems:
            continue
        try:
            yield rights.admitted(parsed.value)
        except DocumentError as error:
            place = document.positions.of_value(rights.ADMITTED_PATH)
            problems += (msgspec.structs.replace(problem, location=place) for problem in error.problems)
    if problems:
        raise DocumentError(tuple(problems))

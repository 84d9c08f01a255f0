"""`rudr rbac`: the exact permissions that the installed plugins need, as roles for kubectl."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Literal

import click
import msgspec

from rudr_py.api import Rule
from rudr_py.catalog import Catalog
from rudr_py.cli.documents import files
from rudr_py.cli.options import defaults as defaults_option
from rudr_py.cli.options import flags, impersonation, leader_election, plugins
from rudr_py.cli.output import documents
from rudr_py.errors import DocumentError, Right
from rudr_py.kube.requests import ServiceAccount
from rudr_py.model.parse import definition
from rudr_py.model.parse import documents as parse
from rudr_py.plugins import entry_points, impersonated_rights, loading, right_purposes, roles
from rudr_py.plugins import rights as plugin_rights
from rudr_py.plugins.rights import LEASE, Rights
from rudr_py.plugins.roles import RoleScope
from rudr_py.settings import LeaderElection, PlatformDefaults, Settings

OutputFormat = Literal["yaml", "json", "name", "wide"]


class RbacOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The values of the options."""

    output_format: OutputFormat
    name: str
    publish: bool
    root_scopes: bool
    check_resources: bool
    leader_elect: bool
    lease: str
    lease_namespace: str | None
    shards: int
    watch: str
    definitions: str
    account: tuple[str, str] | None
    filenames: tuple[str, ...]
    recursive: bool
    aggregate: bool
    impersonate: bool
    service_accounts: str
    constrained: bool
    no_headers: bool
    defaults: PlatformDefaults


def _account(context: click.Context, parameter: click.Parameter, value: str | None) -> tuple[str, str] | None:
    if value is None:
        return None
    namespace, colon, name = value.partition(":")
    if not (namespace and colon and name):
        raise click.BadParameter("write NAMESPACE:SERVICEACCOUNT", context, parameter)
    return namespace, name


@click.command("rbac")
@flags.output("wide", "yaml", "json", "name", default="yaml", explanation="wide adds the purpose of each rule.")
@flags.no_headers
@click.option("--name", default="rudr", show_default=True, help="Name of the roles, or its prefix.")
@click.option(
    "--bind", "account", metavar="NAMESPACE:NAME", callback=_account, help="Bind the roles to this ServiceAccount."
)
@click.option(
    "--watch-namespace",
    "watch",
    metavar="NAMES",
    default="",
    callback=flags.check_namespaces,
    help="As in rudr run: Roles in these namespaces instead of a ClusterRole.",
)
@click.option(
    "--definitions-namespace",
    "definitions",
    metavar="NAME",
    default=Settings().definitions_namespace,
    show_default=True,
    callback=flags.check_namespace,
    help="As in rudr run.",
)
@click.option("--publish-definitions/--no-publish-definitions", "publish", default=True, help="As in rudr run.")
@click.option("--root-scopes/--no-root-scopes", default=False, help="As in rudr run.")
@click.option("--check-resources/--no-check-resources", default=True, help="Whether rudr run checks resources.")
@impersonation.rights
@defaults_option.option()
@click.option("--leader-elect/--no-leader-elect", default=False, help="As in rudr run.")
@click.option("--leader-election-id", "lease", default=LEASE, show_default=True, help="As in rudr run.")
@click.option(
    "--leader-election-namespace", "lease_namespace", help="As in rudr run; default: the definitions namespace."
)
@click.option("--shards", type=leader_election.SHARDS, default=1, show_default=True, help="As in rudr run.")
@flags.filename("Add the kinds that the WorkloadType objects in this file allow. May be repeated.")
@flags.recursive
@click.option("--aggregate", is_flag=True, help="Only rules beyond the standard types, as an addition to the chart's.")
@flags.plugins
@click.pass_context
def command(context: click.Context, /, **values: object) -> None:
    """Print exactly the permissions that the controller needs with the installed plugins, as roles.

    Kinds that only a WorkloadType object of the cluster allows are included if -f names a file with that object. The
    plural of such a kind is names.plural of the object; if it is missing, and for kinds that plugins produce, the
    plural is guessed as Kubernetes does (Ingress: ingresses). Documents of other kinds are skipped.

    With --impersonate the roles contain no right to write the objects of applications. A further role, which is not
    bound, has the rights of the service accounts that write them. Bind it in each namespace with applications.

    With --aggregate prints one ClusterRole, with the label by which the chart's ClusterRole aggregates it.

    Example: rudr rbac --bind rudr-system:rudr | kubectl apply -f -
    """
    options = msgspec.convert(values, RbacOptions)
    catalog = plugins.load(context).catalog
    election = LeaderElection(namespace="", identity="", name=options.lease, shards=options.shards)
    rights = plugin_rights.needed(
        catalog,
        publish=options.publish,
        root_scopes=options.root_scopes,
        check_resources=options.check_resources,
        leases=election.leases if options.leader_elect else (),
        further=tuple(_admitted(options)),
    )
    rights = _impersonated(rights, options)
    rights = msgspec.structs.replace(rights, reads_namespaces=options.defaults.pod_security == "namespace")
    if options.aggregate:
        standard = _impersonated(plugin_rights.needed(loading.load([], entry_points.standard()).catalog), options)
        further = plugin_rights.beyond(rights.cluster, standard.cluster)
        further += plugin_rights.beyond(rights.impersonation, standard.impersonation)
        rights = Rights(cluster=further, definitions=())
        objects = [roles.role("ClusterRole", f"{options.name}-further", rights.cluster, labels=roles.AGGREGATE)]
    else:
        objects = list(roles.documents(rights, _role_scope(options)))
    if options.output_format == "wide":
        text = documents.table(_table(rights, catalog, options), headers=not options.no_headers)
    else:
        text = documents.text(objects, options.output_format)
    click.echo(text, nl=False)


def _impersonated(rights: Rights, options: RbacOptions) -> Rights:
    if not options.impersonate:
        return rights
    names = (name.strip() for name in options.service_accounts.split(","))
    return impersonated_rights.impersonated(rights, names, constrained=options.constrained)


def _role_scope(options: RbacOptions) -> RoleScope:
    return RoleScope(
        name=options.name,
        watched=tuple(name.strip() for name in options.watch.split(",") if name.strip()),
        definitions=options.definitions,
        own=options.lease_namespace or options.definitions,
        account=ServiceAccount(*options.account) if options.account else None,
    )


def _table(rights: Rights, catalog: Catalog, options: RbacOptions) -> list[tuple[str, ...]]:
    """A row for each resource and purpose."""
    scope = _role_scope(options)
    rows: list[tuple[str, ...]] = [("RESOURCE", "VERBS", "NAMESPACE", "NEEDED")]
    watched = ",".join(scope.watched) or "<all>"
    for namespace, rules in (
        (watched, (*rights.cluster, *rights.impersonation, *rights.waits)),
        *((namespace, roles.namespace_rules(rights, namespace)) for namespace in scope.watched or ("",)),
        *([] if scope.watched else [("", roles.cluster_waits(rights, scope.definitions))]),
        ("<accounts>", rights.accounts),
        (scope.definitions, rights.definitions),
        (scope.own, rights.own),
    ):
        for rule in rules:
            for resource in rule.resources:
                group = rule.groups[0]
                by_purpose: dict[str, list[str]] = {}
                for verb in rule.verbs:
                    purpose = right_purposes.of(catalog, Right(verb, resource, group)) or "by a WorkloadType object"
                    by_purpose.setdefault(purpose, []).append(verb)
                name = f"{resource}.{group}" if group else resource
                rows += ((name, ",".join(verbs), namespace, purpose) for purpose, verbs in by_purpose.items())
    return rows


def _admitted(options: RbacOptions) -> Iterator[Rule]:
    """The rules for the kinds that WorkloadType objects in the files allow. Raises DocumentError with all problems."""
    contents = files.read(options.filenames, recursive=options.recursive, stdin=sys.stdin.buffer.read)
    problems = list(contents.problems)
    for document in contents.documents:
        if document.value.get("kind") != "WorkloadType" or not parse.is_oam(document.value):
            continue
        parsed = definition.parse_workload_type(document.value, document.positions)
        problems += parsed.problems
        if parsed.value is None or parsed.problems:
            continue
        try:
            yield plugin_rights.admitted(parsed.value)
        except DocumentError as error:
            location = document.positions.of_value(plugin_rights.ADMITTED_PATH)
            problems += (msgspec.structs.replace(problem, location=location) for problem in error.problems)
    if problems:
        raise DocumentError(tuple(problems))

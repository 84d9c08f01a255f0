"""Options that several commands share, spelled as in kubectl, and the values of those that belong together.

Imports click and nothing heavier.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, Literal, get_args

import click
import msgspec

from rudr_py.cli.options import defaults as defaults_option
from rudr_py.cli.options import limits as limits_option
from rudr_py.cli.options import removal
from rudr_py.cli.options.decorators import F, combined, setting
from rudr_py.model import kubernetes, names
from rudr_py.model.kubernetes import Release
from rudr_py.settings import SENSITIVE_WORDS, Limits, PlatformDefaults, RemovalPolicy, ResourceCheck, Settings

Category = Literal["trait", "workload", "scope"]

CATEGORIES: Final[tuple[Category, ...]] = ("trait", "workload", "scope")
"""The categories of types, as they are named on the command line."""

OUTPUT_FORMATS: Final = ("wide", "yaml", "json", "name", "md", "github", "sarif")
"""All values of `-o`; each command takes some of them."""


def output(*formats: str, default: str | None = None, explanation: str = "") -> Callable[[F], F]:
    """Add `-o`; the command gets its value as `output_format`. None, if there is no default, is text for people."""
    return click.option(
        "-o",
        "--output",
        "output_format",
        type=click.Choice([name for name in OUTPUT_FORMATS if name in formats]),
        default=default,
        show_default=True,
        help=explanation,
    )


def filename(explanation: str, *, required: bool = False) -> Callable[[F], F]:
    """Add `-f`, which may be repeated."""
    return click.option(
        "-f",
        "--filename",
        "filenames",
        metavar="FILE|DIR|-",
        type=click.Path(allow_dash=True),
        multiple=True,
        required=required,
        help=explanation,
    )


recursive = click.option("-R", "--recursive", is_flag=True, help="Process directories recursively.")
"""Add `-R`."""


def filenames(command: F) -> F:
    """Add `-f` (required, may be repeated) and `-R`, as in kubectl."""
    explanation = "A file, a directory, or - for standard input. May be repeated."
    return filename(explanation, required=True)(recursive(command))


def revision(explanation: str) -> Callable[[F], F]:
    """Add `--revision`; the command gets its value as `number`."""
    return click.option("--revision", "number", type=click.IntRange(min=1), metavar="N", help=explanation)


def check_namespace(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The callback of an option that takes a namespace. Raises BadParameter for an invalid name."""
    problem = names.wrong_label(value) if value else ""
    if problem:
        raise click.BadParameter(problem, context, parameter)
    return value


def check_namespaces(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """The callback of an option that takes namespaces, separated by commas. Raises BadParameter."""
    for name in (value or "").split(","):
        check_namespace(context, parameter, name.strip())
    return value


def namespace(command: F) -> F:
    """Add `-n`: the namespace of documents without one; None without the option."""
    return click.option(
        "-n",
        "--namespace",
        metavar="NAME",
        callback=check_namespace,
        help="Namespace of documents without one; default: default, or that of the context with --cluster.",
    )(command)


def definitions_namespace(explanation: str = "As in rudr run.", *, default: bool = True) -> Callable[[F], F]:
    """Add `--definitions-namespace`, for a command that reads what the controller reads."""
    return setting(
        "--definitions-namespace",
        metavar="NAME",
        default=Settings().definitions_namespace if default else None,
        show_default=True,
        callback=check_namespace,
        help=explanation,
    )


def check_resources(explanation: str = "As in rudr run.", *, default: ResourceCheck | None = None) -> Callable[[F], F]:
    """Add `--check-resources`, for a command that refuses what the controller refuses."""
    return setting("--check-resources", type=click.Choice(get_args(ResourceCheck)), default=default, help=explanation)


def image_pull_policy(explanation: str = "As in rudr run.") -> Callable[[F], F]:
    """Add `--image-pull-policy`, for a command that renders what the controller renders; "" without the option."""
    return setting(
        "--image-pull-policy",
        type=click.Choice(defaults_option.PULL_POLICIES),
        callback=lambda _context, _parameter, value: value or "",
        help=explanation,
    )


sensitive_words_option = setting(
    "--sensitive-words",
    metavar="WORDS",
    default=",".join(SENSITIVE_WORDS),
    help="The words, with commas, that make the values of parameters, variables, environment variables and "
    "properties sensitive if their names contain one.",
)
"""Add `--sensitive-words`; `words` returns the words of its value."""


def words(value: str) -> tuple[str, ...]:
    """The words of an option, in lower case."""
    return tuple(word.strip().lower() for word in value.split(",") if word.strip())


def sensitive(command: F) -> F:
    """Add `--show-sensitive` and `--sensitive-words`; the command gets the words as `sensitive_words`, or none."""

    @click.option("--show-sensitive", is_flag=True, help="Print sensitive values, which are replaced by *** otherwise.")
    @sensitive_words_option
    @functools.wraps(command)
    def wrapped(*arguments: Any, show_sensitive: bool, sensitive_words: str, **options: Any) -> Any:
        return command(*arguments, sensitive_words=() if show_sensitive else words(sensitive_words), **options)

    decorated: Any = wrapped
    return decorated  # type: ignore[no-any-return] # a function with the same options as a command


def render_settings(command: F) -> F:
    """Add the options for settings of the controller that rendering depends on; the command gets them as `settings`."""

    @functools.wraps(command)
    def packed(
        *arguments: Any, defaults: PlatformDefaults, image_pull_policy: str, limits: Limits, **options: Any
    ) -> Any:
        defaults = with_pull_policy(defaults, image_pull_policy)
        return command(*arguments, settings=Settings(defaults=defaults, limits=limits), **options)

    decorated: Any = packed
    decorated = image_pull_policy()(limits_option.option()(decorated))
    return defaults_option.option()(decorated)  # type: ignore[no-any-return] # click returns a function of the same type


def with_pull_policy(defaults: PlatformDefaults, policy: str) -> PlatformDefaults:
    """The defaults with the value of `--image-pull-policy`, which takes precedence; unchanged if it is ""."""
    return msgspec.structs.replace(defaults, image_pull_policy=policy) if policy else defaults


def controller_settings(command: F) -> F:
    """Add the options for settings of the controller that plans depend on; the command gets them as `settings`."""

    @functools.wraps(command)
    def packed(
        *arguments: Any,
        definitions_namespace: str,
        check_resources: ResourceCheck,
        removal_policy: RemovalPolicy,
        settings: Settings,
        **options: Any,
    ) -> Any:
        settings = msgspec.structs.replace(
            settings,
            definitions_namespace=definitions_namespace,
            check_resources=check_resources,
            removal_policy=removal_policy,
        )
        return command(*arguments, settings=settings, **options)

    decorated: Any = packed
    removed = removal.policy(default=Settings().removal_policy)(render_settings(decorated))
    checked = check_resources(default=Settings().check_resources)(removed)
    return definitions_namespace()(checked)  # type: ignore[no-any-return] # click returns a function of the same type


def _release(context: click.Context, parameter: click.Parameter, value: str | None) -> Release | None:
    release = kubernetes.parse(value) if value is not None else None
    if value is not None and release is None:
        raise click.BadParameter("use a release such as 1.29", context, parameter)
    return release


kubernetes_version = click.option(
    "--kubernetes-version",
    "kubernetes",
    metavar="VERSION",
    callback=_release,
    help="The release of Kubernetes to render for, such as 1.29; default: that of the cluster with --cluster.",
)
"""Add `--kubernetes-version`; the command gets a release as `kubernetes`."""

watch = click.option("-w", "--watch", is_flag=True, help="Show the output again after every change, until Ctrl-C.")
"""Add `-w`."""

no_headers = click.option("--no-headers", is_flag=True, help="Omit the header row.")
"""Add `--no-headers`."""

selector = click.option(
    "-l",
    "--selector",
    metavar="LABELS",
    default="",
    help="Only applications with these labels, such as tier=web or 'tier in (web, db),!old'.",
)
"""Add `-l`."""


def check_name_or_selector(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options unchanged. Raises UsageError, with kubectl's words, when both a name and a selector are set."""
    if options["name"] and options["selector"]:
        raise click.UsageError("name cannot be provided when a selector is specified")
    return options


class ClusterOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The values of the options about the cluster. `namespace` is None for that of the kubeconfig's context."""

    kubeconfig: str | None = None
    context: str | None = None
    namespace: str | None = None
    all_namespaces: bool = False


def cluster(*, all_namespaces: bool = True) -> Callable[[F], F]:
    """Add `--kubeconfig`, `--context`, `-n`, and optionally `-A`; the command gets them as `cluster_options`."""

    def add(command: F) -> F:
        @functools.wraps(command)
        def packed(*arguments: Any, **options: Any) -> Any:
            cluster_options = ClusterOptions(
                kubeconfig=options.pop("kubeconfig"),
                context=options.pop("context_name"),
                namespace=options.pop("namespace"),
                all_namespaces=options.pop("all_namespaces", False),
            )
            return command(*arguments, cluster_options=cluster_options, **options)

        decorated: Any = combined(*(_CLUSTER if all_namespaces else _CLUSTER[:-1]))(packed)
        return decorated  # type: ignore[no-any-return] # click returns a function of the same type

    return add


_KUBECONFIG = click.option(
    "--kubeconfig",
    metavar="FILE",
    type=click.Path(),
    help="Kubeconfig; default: $KUBECONFIG, the service account in a pod, else ~/.kube/config.",
)
_CONTEXT = click.option("--context", "context_name", metavar="NAME", help="Context of the kubeconfig to use.")
_CLUSTER = (
    _KUBECONFIG,
    _CONTEXT,
    click.option(
        "-n", "--namespace", metavar="NAME", callback=check_namespace, help="Namespace; default: that of the context."
    ),
    click.option("-A", "--all-namespaces", "all_namespaces", is_flag=True, help="Include all namespaces."),
)


strict = click.option("--strict", is_flag=True, help="Treat warnings as errors.")
"""Add `--strict`."""


class DocumentOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The values of the options about documents. `namespace` is None for the default; `cluster` for files only."""

    filenames: tuple[str, ...]
    recursive: bool
    strict: bool
    namespace: str | None
    cluster: ClusterOptions | None
    settings: Settings
    kubernetes: Release | None = None


def documents(command: F) -> F:
    """Add `-f`, `-R`, `--strict`, `-n`, `--kubernetes-version`, `--cluster`, and the settings.

    The command gets them as `document_options`.
    """

    @functools.wraps(command)
    def packed(*arguments: Any, **options: Any) -> Any:
        names = [name for name in DocumentOptions.__struct_fields__ if name != "cluster"]
        uses_cluster, kubeconfig, context = (options.pop(name) for name in ("cluster", "kubeconfig", "context_name"))
        values = {name: options.pop(name) for name in names}
        cluster = ClusterOptions(kubeconfig=kubeconfig, context=context, namespace=values["namespace"])
        selected = cluster if uses_cluster or kubeconfig or context else None
        return command(*arguments, document_options=DocumentOptions(cluster=selected, **values), **options)

    options = (filenames, strict, namespace, kubernetes_version, _WITH_CLUSTER, _KUBECONFIG, _CONTEXT)
    decorated: Any = combined(*options)(controller_settings(packed))
    return decorated  # type: ignore[no-any-return] # click returns a function of the same type


_WITH_CLUSTER = click.option(
    "--cluster",
    is_flag=True,
    help="Also read definitions, components and CustomResourceDefinitions from the cluster. --kubeconfig and --context "
    "imply it.",
)


def plugin_values(context: click.Context) -> Mapping[str, Any]:
    """The values of the options that `plugins` adds, by parameter."""
    values: Mapping[str, Any] = context.meta.get(_META, {})
    return values


_META = "rudr_py.cli.options.plugins"


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> None:
    context.meta.setdefault(_META, {})[str(parameter.name)] = value


plugins = combined(
    setting(
        "--plugins",
        metavar="NAMES",
        expose_value=False,
        callback=_keep,
        help="Load only these plugins: names or packages, separated by commas; default: all.",
    ),
    setting(
        "--no-plugins",
        is_flag=True,
        expose_value=False,
        callback=_keep,
        help="Load no plugins; only the standard types are available.",
    ),
    setting(
        "--strict-plugins",
        is_flag=True,
        expose_value=False,
        callback=_keep,
        help="Fail if a plugin cannot be used, instead of continuing without it.",
    ),
    setting(
        "--state-dir",
        metavar="DIR",
        type=click.Path(file_okay=False, path_type=Path),
        expose_value=False,
        callback=_keep,
        help="Directory of the quarantine list: types that blocked or ended a process; default: none.",
    ),
)
"""Add `--plugins`, `--no-plugins`, `--strict-plugins` and `--state-dir`; `plugin_values` returns their values."""

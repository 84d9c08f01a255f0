"""The flags of impersonation, and their settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import click

from rudr_py.cli.options.decorators import F, combined, setting
from rudr_py.model import names
from rudr_py.settings import Impersonation


def _check_one(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    problem = names.wrong_account_name(value) if value is not None else ""
    if problem:
        raise click.BadParameter(problem, context, parameter)
    return value


def _check(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    for name in "" if value is None else value.split(","):
        _check_one(context, parameter, name.strip())
    return value


def flags(command: F) -> F:
    """Add `--impersonate` and the flags of its settings."""
    return combined(
        setting(
            "--impersonate/--no-impersonate",
            default=None,
            help="Write the objects of each application as a service account of its namespace; default: no.",
        ),
        setting(
            "--default-service-account",
            metavar="NAME",
            callback=_check_one,
            help=f"Service account where no annotation names one; default: {Impersonation().account}.",
        ),
        setting(
            "--application-service-accounts/--no-application-service-accounts",
            "application_annotation",
            default=None,
            help="Let applications name their service account; otherwise only namespaces do; default: yes.",
        ),
    )(command)


def from_options(options: Mapping[str, str | float | None]) -> Impersonation | None:
    """The settings for the values of the flags; None without `--impersonate`."""
    if not options.get("impersonate"):
        return None
    annotated = options.get("application_annotation")
    return Impersonation(
        account=str(options.get("default_service_account") or Impersonation().account),
        application_annotation=True if annotated is None else bool(annotated),
    )


def rights(command: F) -> F:
    """Add the options about the rights of a controller with impersonation."""
    return combined(
        click.option("--impersonate/--no-impersonate", default=False, help="As in rudr run."),
        click.option(
            "--service-accounts",
            metavar="NAMES",
            default=Impersonation().account,
            show_default=True,
            callback=_check,
            help="With --impersonate: names of the service accounts to act as, separated by commas.",
        ),
        click.option(
            "--constrained-impersonation",
            "constrained",
            is_flag=True,
            help="With --impersonate: for servers with constrained impersonation (Kubernetes 1.36).",
        ),
    )(command)

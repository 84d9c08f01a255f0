"""The flags of leader election, with the names and defaults of kube components, and what they come to. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from rudr_py.cli.options import durations
from rudr_py.errors import ConfigError
from rudr_py.settings import LeaderElection

F = TypeVar("F", bound=Callable[..., Any])

JITTER = 1.2
"""How much longer than the retry period the renew deadline must be, as in client-go."""


def flags(command: F) -> F:
    """Add `--leader-elect` and what belongs to it."""
    options = (
        click.option(
            "--leader-elect/--no-leader-elect",
            default=None,
            envvar="RUDR_LEADER_ELECT",
            help="Work only while this process leads: for more than one replica; default: no.",
        ),
        click.option(
            "--leader-election-id",
            metavar="NAME",
            default="rudr-py",
            show_default=True,
            envvar="RUDR_LEADER_ELECTION_ID",
            help="The name of the Lease.",
        ),
        click.option(
            "--leader-election-namespace",
            metavar="NAME",
            envvar="RUDR_LEADER_ELECTION_NAMESPACE",
            help="Where the Lease is; default: the pod's namespace, else the definitions namespace.",
        ),
        _duration("lease-duration", "15s", "Others take over so long after the leader's last renewal."),
        _duration("renew-deadline", "10s", "A leader that cannot renew for so long ends itself."),
        _duration("retry-period", "2s", "The pause between two renewals, and between two looks of the others."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _duration(name: str, default: str, text: str) -> Callable[[F], F]:
    return click.option(
        f"--leader-elect-{name}",
        callback=durations.option,
        metavar="DURATION",
        default=default,
        show_default=True,
        envvar=f"RUDR_LEADER_ELECT_{name.replace('-', '_').upper()}",
        help=text,
    )


def election(
    given: Mapping[str, str | float | None], *, process: str, namespaces: tuple[str, ...]
) -> LeaderElection | None:
    """What the flags ask for; None without `--leader-elect`. Raises ConfigError for times that cannot work.

    `process` is the pod or host; the first of `namespaces` that is not empty has the Lease, unless a flag says so.
    """
    if not given.get("leader_elect"):
        return None
    asked = str(given.get("leader_election_namespace") or "")
    times = {
        name: float(given.get(f"leader_elect_{name}") or getattr(_DEFAULTS, name))
        for name in ("lease_duration", "renew_deadline", "retry_period")
    }
    found = LeaderElection(
        namespace=next(filter(None, (asked, *namespaces))),
        identity=f"{process}_{uuid.uuid4()}",
        name=str(given.get("leader_election_id") or _DEFAULTS.name),
        **times,
    )
    _check(found)
    return found


_DEFAULTS = LeaderElection(namespace="", identity="")


def _check(found: LeaderElection) -> None:
    problems = []
    if found.lease_duration <= found.renew_deadline:
        problems.append(
            f"--leader-elect-lease-duration ({found.lease_duration:g} s) must be more than "
            f"--leader-elect-renew-deadline ({found.renew_deadline:g} s), so that a leader ends before others begin"
        )
    if found.renew_deadline <= JITTER * found.retry_period:
        problems.append(
            f"--leader-elect-renew-deadline ({found.renew_deadline:g} s) must be more than {JITTER} times "
            f"--leader-elect-retry-period ({found.retry_period:g} s), so that a leader can try again"
        )
    if problems:
        raise ConfigError("\n".join(problems))

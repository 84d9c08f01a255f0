"""The flags of leader election, with the names and defaults of Kubernetes components, and their settings. Pure."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping

import click

from rudr_py.cli.options import durations
from rudr_py.cli.options.decorators import F, combined, setting
from rudr_py.errors import ConfigError
from rudr_py.settings import LeaderElection

SHARDS = click.IntRange(1, 64)
"""The numbers of shards: each has a Lease, which a replica renews."""

JITTER = 1.2
"""The smallest ratio of renew deadline to retry period, as in client-go."""


def flags(command: F) -> F:
    """Add `--leader-elect` and the flags of its settings."""
    return combined(
        setting(
            "--leader-elect/--no-leader-elect",
            default=None,
            help="Reconcile only while this process is the leader; needed for several replicas; default: no.",
        ),
        setting(
            "--leader-election-id", metavar="NAME", default="rudr-py", show_default=True, help="The name of the Lease."
        ),
        setting(
            "--leader-election-namespace",
            metavar="NAME",
            help="The namespace of the Lease; default: the pod's namespace, else the definitions namespace.",
        ),
        setting(
            "--shards",
            type=SHARDS,
            default=1,
            show_default=True,
            help="Number of parts of all namespaces that the replicas divide among them; needs --leader-elect.",
        ),
        _duration("lease-duration", "15s", "Time after the last renewal until another process can take the Lease."),
        _duration("renew-deadline", "10s", "Time after which a leader that cannot renew the Lease exits."),
        _duration("retry-period", "2s", "Time between two attempts to renew or take the Lease."),
    )(command)


def _duration(name: str, default: str, text: str) -> Callable[[F], F]:
    return setting(
        f"--leader-elect-{name}",
        callback=durations.option,
        metavar="DURATION",
        default=default,
        show_default=True,
        help=text,
    )


def from_options(
    options: Mapping[str, str | float | None], *, process: str, namespaces: tuple[str, ...]
) -> LeaderElection | None:
    """The settings for the values of the flags; None without `--leader-elect`.

    `process` is the name of the pod or host. Without `--leader-election-namespace` the Lease is in the first of
    `namespaces` that is not empty. Raises ConfigError for durations that contradict each other.
    """
    shards = int(options.get("shards") or 1)
    if not options.get("leader_elect"):
        if shards > 1:
            raise ConfigError(f"--shards {shards} needs --leader-elect")
        return None
    namespace = str(options.get("leader_election_namespace") or "")
    seconds = {
        name: float(options.get(f"leader_elect_{name}") or getattr(_DEFAULTS, name))
        for name in ("lease_duration", "renew_deadline", "retry_period")
    }
    election = LeaderElection(
        namespace=next(filter(None, (namespace, *namespaces))),
        identity=f"{process}_{uuid.uuid4()}",
        name=str(options.get("leader_election_id") or _DEFAULTS.name),
        shards=shards,
        **seconds,
    )
    _check(election)
    return election


_DEFAULTS = LeaderElection(namespace="", identity="")


def _check(election: LeaderElection) -> None:
    problems = []
    if election.lease_duration <= election.renew_deadline:
        problems.append(
            f"--leader-elect-lease-duration ({election.lease_duration:g} s) must be greater than "
            f"--leader-elect-renew-deadline ({election.renew_deadline:g} s), so that a leader exits before another "
            "process takes over"
        )
    if election.renew_deadline <= JITTER * election.retry_period:
        problems.append(
            f"--leader-elect-renew-deadline ({election.renew_deadline:g} s) must be greater than {JITTER} times "
            f"--leader-elect-retry-period ({election.retry_period:g} s), so that a leader can retry"
        )
    if problems:
        raise ConfigError("\n".join(problems))

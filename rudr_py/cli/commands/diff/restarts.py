"""The pods that a change of an object replaces: those of a workload whose pod template changes. Pure."""

from __future__ import annotations

import msgspec

from rudr_py.api import get_in, places
from rudr_py.cli.commands.diff import document_diff
from rudr_py.cli.commands.diff.document_diff import DocumentDiff
from rudr_py.model.kinds import CRON_JOB, JOB

_COUNTS = ("replicas", "currentNumberScheduled", "actualReplicas")
"""The fields of a status that count the pods of a workload, in the order in which they are read."""


def counted(diff: DocumentDiff) -> DocumentDiff:
    """The difference with the number of pods that it restarts.

    The next runs of a CronJob have the new template, and a Job that has begun keeps its pods.
    """
    if diff.change not in ("change", "replace") or diff.ref.kind in (CRON_JOB, JOB):
        return diff
    path = places.template_path(diff.ref.kind) or ("spec", "template")
    live, merged = (get_in(state, *path, default={}) for state in document_diff.states(diff))
    if live == merged or not get_in(live, "spec", "containers", default=[]):
        return diff
    counts = (get_in(diff.live, "status", field, default=0) for field in _COUNTS)
    return msgspec.structs.replace(diff, restarts=next(filter(None, counts), 0))

"""Logs of containers. Pure.

An annotation of the pod or the script of the cluster sets the text; otherwise the log has a line for each thing that
happened to the container. Errors have the messages of kube-apiserver and kubelet.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from rudr_py.errors import ApiError, Cause, InvalidError
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import PodOutput
from rudr_py.local.schema import causes
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import pod_containers

LOG_ANNOTATION = "local.rudr.dev/log"
"""On a pod or a pod template: the text of its log; with `.NAME` appended, that of one container."""

_WAITING = {
    "ImagePullBackOff": "trying and failing to pull image",
    "ErrImagePull": "image can't be pulled",
}
_INTEGER = re.compile(r"[+-]?[0-9]+", re.ASCII)
_LARGEST = 2**63 - 1


class LogOptions(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters of a log request; `since` is the time of the first line."""

    container: str = ""
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail_lines: int | None = None
    limit_bytes: int | None = None
    since: datetime | None = None


class LogLine(msgspec.Struct, frozen=True):
    """A line with its line break, if it has one, and its time."""

    time: datetime
    text: str


def options(query: Mapping[str, str], pod: str, now: datetime) -> LogOptions:
    """Read the parameters of a request for the log of a pod. Raises `ApiError` (400, 422)."""
    tail, limit, seconds = (_integer(query, name) for name in ("tailLines", "limitBytes", "sinceSeconds"))
    time = _time(query["sinceTime"]) if query.get("sinceTime") else None
    errors = [*_range_errors(tail, limit)]
    if "stream" in query:
        errors.append(causes.forbidden("stream", "may not be specified"))
    if seconds is not None and time is not None:
        errors.append(causes.forbidden("[]", "at most one of `sinceTime` or `sinceSeconds` may be specified"))
    elif seconds is not None and seconds < 1:
        errors.append(causes.invalid("sinceSeconds", seconds, "must be greater than 0"))
    if errors:
        raise _invalid(pod, errors)
    return LogOptions(
        container=query.get("container", ""),
        follow=is_set(query, "follow"),
        previous=is_set(query, "previous"),
        timestamps=is_set(query, "timestamps"),
        tail_lines=tail,
        limit_bytes=limit,
        since=time if seconds is None else now - timedelta(seconds=min(seconds, 10**9)),
    )


def lines(pod: Object, log_options: LogOptions, output: PodOutput) -> list[LogLine]:
    """Return the lines of a container, oldest first. Raises `ApiError` (400) for a container without a log."""
    container = pod_containers.choose(pod, log_options.container)
    status = pod_containers.state_of(pod, container)
    annotations = pod["metadata"].get("annotations") or {}
    scripted = annotations.get(f"{LOG_ANNOTATION}.{container}") or annotations.get(LOG_ANNOTATION) or output(pod)
    if status is None and (scripted or not pod["spec"].get("nodeName")):
        run: Object = {}
    else:
        run = _run(pod, container, status, is_previous=log_options.previous)
    if scripted:
        started = _parsed(run.get("startedAt") or pod["metadata"]["creationTimestamp"])
        selected = [LogLine(started, line) for line in io.StringIO(scripted, newline="\n")]
    else:
        selected = [*_happenings(pod, container, run, status or {})] if run else []
    return [line for line in selected if log_options.since is None or line.time >= log_options.since]


def text(log_lines: list[LogLine], log_options: LogOptions) -> str:
    """Return lines as the server sends them."""
    if log_options.tail_lines is not None:
        log_lines = log_lines[max(0, len(log_lines) - log_options.tail_lines) :]
    joined = "".join(_stamped(line) if log_options.timestamps else line.text for line in log_lines)
    if log_options.limit_bytes is not None:
        joined = joined.encode()[: log_options.limit_bytes].decode(errors="ignore")
    return joined


def _run(pod: Object, container: str, status: Object | None, *, is_previous: bool) -> Object:
    """Return the state of the run of a container whose log is requested."""
    where = f'container "{container}" in pod "{pod["metadata"]["name"]}"'
    if status is None:
        raise api_errors.bad_request(f"{where} is not available")
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated")
    if is_previous:
        if not last:
            raise api_errors.bad_request(f"previous terminated {where} not found")
        return dict(last)
    waiting = state.get("waiting")
    run = state.get("running") or state.get("terminated") or last
    if run is None and waiting:
        reason = waiting.get("reason", "")
        raise api_errors.bad_request(f"{where} is waiting to start: {_WAITING.get(reason, reason)}")
    return dict(run or {})


def _happenings(pod: Object, container: str, run: Object, status: Object) -> Iterator[LogLine]:
    started = _parsed(run.get("startedAt") or pod["metadata"]["creationTimestamp"])
    yield LogLine(started, f"Started container {container}\n")
    if "finishedAt" in run:
        message = f"Container {container} exited with code {run.get('exitCode', 0)} ({run.get('reason', 'Error')})\n"
        yield LogLine(_parsed(run["finishedAt"]), message)
        return
    conditions = (pod.get("status") or {}).get("conditions") or ()
    ready = [each.get("lastTransitionTime") for each in conditions if each.get("type") == "ContainersReady"]
    if status.get("ready"):
        yield LogLine(_parsed(ready[0]) if any(ready) else started, f"Container {container} is ready\n")
    deleted = pod["metadata"].get("deletionTimestamp")
    if deleted:
        grace = timedelta(seconds=pod["metadata"].get("deletionGracePeriodSeconds") or 0)
        yield LogLine(_parsed(deleted) - grace, f"Stopping container {container}\n")


def _parsed(time: str) -> datetime:
    return datetime.fromisoformat(time)


def _stamped(line: LogLine) -> str:
    return f"{line.time:%Y-%m-%dT%H:%M:%S.%f}000Z {line.text}"


def is_set(query: Mapping[str, str], name: str) -> bool:
    """Return whether a boolean parameter is set; any text but two is true, as in the conversions of Kubernetes."""
    return name in query and query[name].lower() not in ("false", "0")


def _integer(query: Mapping[str, str], name: str) -> int | None:
    value = query.get(name)
    if value is None:
        return None
    if not _INTEGER.fullmatch(value):
        raise _unparsable(value, "invalid syntax")
    number = int(value) if len(value) <= len(str(_LARGEST)) + 1 else _LARGEST + 1
    if not -_LARGEST - 1 <= number <= _LARGEST:
        raise _unparsable(value, "value out of range")
    return number


def _unparsable(value: str, reason: str) -> ApiError:
    return api_errors.bad_request(f"strconv.ParseInt: parsing {causes.encoded(value)}: {reason}")


def _time(value: str) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        quoted = causes.encoded(value)
        raise api_errors.bad_request(
            f'parsing time {quoted} as "2006-01-02T15:04:05Z07:00": cannot parse {quoted} as "2006"'
        )
    return time


def _range_errors(tail: int | None, limit: int | None) -> Iterator[Cause]:
    if tail is not None and tail < 0:
        yield causes.invalid("tailLines", tail, "must be greater than or equal to 0")
    if limit is not None and limit < 1:
        yield causes.invalid("limitBytes", limit, "must be greater than 0")


def _invalid(pod: str, errors: list[Cause]) -> InvalidError:
    kind = "PodLogOptions"
    joined = ", ".join(f"{error.field}: {error.message}" for error in errors)
    return InvalidError(
        f'{kind} "{pod}" is invalid: {joined if len(errors) == 1 else f"[{joined}]"}',
        status=422,
        reason="Invalid",
        causes=tuple(errors),
        details={"name": pod, "kind": kind},
    )

"""Runs targets with inputs that a seed determines; an input that raises or takes a second of CPU time is a failure."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import itertools
import multiprocessing
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Final

from tests.fuzz import documents, live_objects, requests
from tests.fuzz.mutation import Mutator


@dataclasses.dataclass(frozen=True)
class Target:
    """A function that draws and runs inputs, its share of all inputs in percent, and its inputs for each seed."""

    function: Callable[[Mutator], None]
    share: int
    inputs: int = 1


TARGETS: Final[Mapping[str, Target]] = {
    "yaml": Target(documents.yaml, 10),
    "files": Target(documents.files, 5),
    "parsing": Target(documents.parsing, 15),
    "applications": Target(documents.applications, 8),
    "properties": Target(documents.properties, 12),
    "watches": Target(live_objects.watches, 15),
    "objects": Target(live_objects.objects, 8),
    "stored_statuses": Target(live_objects.stored_statuses, 8),
    "pod_problems": Target(live_objects.pod_problems, 5),
    "refusals": Target(live_objects.refusals, 4),
    "requests": Target(requests.requests, 7, requests.SEQUENCE),
    "parsers": Target(requests.parsers, 3),
}
_PART: Final = 5_000
"""Seeds that one process runs at a time."""

LIMIT: Final = 1.0
"""Seconds of CPU time that one input may take."""


@dataclasses.dataclass(frozen=True)
class Failure:
    """One input that failed; `python -m tests.fuzz SEED 1 TARGET` replays it."""

    target: str
    seed: int
    reason: str


def all_failures(first: int, count: int) -> list[Failure]:
    """Run `count` inputs of all targets on all processors; at most a few failures of each part."""
    parts = [
        (name, start, min(_PART, first + seeds - start))
        for name, seeds in shares(count).items()
        for start in range(first, first + seeds, _PART)
    ]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count(), mp_context=context) as pool:
        return [failure for part in pool.map(_some_failures, parts) for failure in part]


def _some_failures(part: tuple[str, int, int]) -> list[Failure]:
    return list(itertools.islice(failures(*part), 3))


class _TooSlowError(BaseException):
    """An input exceeds its CPU time."""


def shares(count: int) -> Mapping[str, int]:
    """The number of seeds of each target for a number of inputs."""
    return {name: max(1, count * target.share // target.inputs // 100) for name, target in TARGETS.items()}


def failures(name: str, first: int, count: int) -> Iterator[Failure]:
    """Run the inputs of a target with the seeds from `first`."""
    function = TARGETS[name].function
    with _interrupted():
        for seed in range(first, first + count):
            reason = _outcome(function, random.Random(f"{name} {seed}"))  # noqa: S311 - not used for secrets
            if reason:
                yield Failure(name, seed, reason)


def _outcome(function: Callable[[Mutator], None], rng: random.Random) -> str:
    begin = time.process_time()
    signal.setitimer(signal.ITIMER_PROF, 2 * LIMIT)
    try:
        function(Mutator(rng))
    except _TooSlowError:
        return f"exceeds {2 * LIMIT} s of CPU time:\n{traceback.format_exc(limit=-6)}"
    except Exception:  # noqa: BLE001 - every exception is a failure
        return traceback.format_exc(limit=-6)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    seconds = time.process_time() - begin
    return f"takes {seconds:.1f} s of CPU time" if seconds > LIMIT else ""


@contextlib.contextmanager
def _interrupted() -> Iterator[None]:
    def stop(_signal: int, _frame: FrameType | None) -> None:
        raise _TooSlowError

    previous = signal.signal(signal.SIGPROF, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGPROF, previous)

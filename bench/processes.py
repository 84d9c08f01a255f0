"""CPU time and memory of processes from /proc; 0 on other systems than Linux, or if the process has ended."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterable
from pathlib import Path


def cpu(*processes: int) -> float:
    """CPU time of processes, in seconds, including kernel time."""
    return sum(map(_cpu, processes))


def children() -> Iterable[int]:
    """The running child processes of this one."""
    lists = Path("/proc/self/task").glob("*/children")
    return [int(process) for path in lists for process in path.read_text().split()]


def memory(process: int) -> float:
    """Resident memory of a process, in MiB."""
    try:
        return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * resource.getpagesize() / 2**20
    except OSError:
        return 0.0


def peak() -> float:
    """The largest resident memory of this process since the last reset, in MiB."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def reset_peak() -> None:
    """Let the peak begin with the present memory."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _cpu(process: int) -> float:
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

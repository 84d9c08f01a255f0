"""Recorded exchanges with a real kube-apiserver are replayed: every step must hold."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from rudr_py.local.cluster import LocalCluster, LocalSettings

RECORDED = Path(__file__).parents[2] / ".." / "shared" / "apiserver"
TRANSCRIPTS = sorted((RECORDED / "transcripts").glob("*.json"))


async def replay(transcript: Path) -> str:
    """Replay a transcript against a new cluster; return the differences."""
    settings = LocalSettings(controllers=frozenset(), compaction=2.0)
    async with LocalCluster(settings) as cluster:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(RECORDED / "replay.py"),
            "--server",
            cluster.url,
            str(transcript),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(60):
            out, _ = await process.communicate()
        return "" if process.returncode == 0 else out.decode()


@pytest.mark.skipif(not TRANSCRIPTS, reason="the transcripts of a real API server are not beside the repository")
async def test_every_recorded_step_holds() -> None:
    few = asyncio.Semaphore(4)

    async def limited(transcript: Path) -> str:
        async with few:
            return await replay(transcript)

    slowest_first = sorted(TRANSCRIPTS, key=lambda path: path.stem not in ("expired", "watches", "crd"))
    differences = await asyncio.gather(*map(limited, slowest_first))
    # the recorded watches last one to three seconds: on a busy machine a step may come too late for them
    failed = [path for path, differs in zip(slowest_first, differences, strict=True) if differs]
    assert "".join([await replay(path) for path in failed]) == ""

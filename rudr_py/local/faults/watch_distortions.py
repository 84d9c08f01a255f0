"""What can happen to the events of a watch on their way: dropped, late, twice, in another order, or no more.

A distortion changes the lines of one stream and nothing else; bookmarks and errors pass as they are, unless the
stream is frozen. Real servers keep the order of events; proxies and bugs do not, and clients must survive it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

_CHANGES = (b'{"type":"ADDED"', b'{"type":"MODIFIED"', b'{"type":"DELETED"')

Pick = Callable[[int], bool]
"""Whether the n-th change of a stream (from 0) is hit."""


def _every(_number: int) -> bool:
    return True


class Distortion(msgspec.Struct, frozen=True, kw_only=True):
    """How events come to a watcher. Made by the functions below; `pick` chooses which, counted in each stream."""

    pick: Pick = _every
    copies: int = 1
    pause: float = 0.0
    swap: bool = False
    freeze: asyncio.Event | None = None

    @staticmethod
    def drop(pick: Pick = _every) -> Distortion:
        """Leave events out."""
        return Distortion(pick=pick, copies=0)

    @staticmethod
    def duplicate(pick: Pick = _every) -> Distortion:
        """Send events twice."""
        return Distortion(pick=pick, copies=2)

    @staticmethod
    def late(seconds: float, pick: Pick = _every) -> Distortion:
        """Hold events, and all that come after them, back for so long."""
        return Distortion(pick=pick, pause=seconds)

    @staticmethod
    def reorder(pick: Pick = _every) -> Distortion:
        """Send an event after the one that follows it."""
        return Distortion(pick=pick, swap=True)

    @staticmethod
    def frozen(until: asyncio.Event) -> Distortion:
        """Send nothing at all, while the connection stays open, until the event is set."""
        return Distortion(freeze=until)

    async def applied(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the lines of a stream as they come to the watcher."""
        number, kept = 0, b""
        async for block in blocks:
            if self.freeze is not None:
                await self.freeze.wait()
            out = []
            for line in block.splitlines(keepends=True):
                if not line.startswith(_CHANGES):
                    out.append(line)
                    continue
                hit = self.pick(number)
                number += 1
                if self.pause and hit:
                    await asyncio.sleep(self.pause)
                if self.swap and hit and not kept:
                    kept = line
                    continue
                out.append(line * self.copies if hit else line)
                if kept:
                    out.append(kept)
                    kept = b""
            if out:
                yield b"".join(out)

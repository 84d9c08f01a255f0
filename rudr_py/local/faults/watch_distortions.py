"""Distortions of watch events: dropped, delayed, duplicated, reordered or frozen.

A distortion changes the lines of one stream only; bookmarks and errors pass unchanged unless the stream is frozen.
Real servers keep the order of events; proxies and bugs do not, so clients have to tolerate it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import msgspec

_CHANGES = (b'{"type":"ADDED"', b'{"type":"MODIFIED"', b'{"type":"DELETED"')

Pick = Callable[[int], bool]
"""Returns whether to distort the n-th change of a stream, counted from 0."""


def _every(_number: int) -> bool:
    return True


class Distortion(msgspec.Struct, frozen=True, kw_only=True):
    """A distortion of a watch. Use the static methods to create one; `pick` selects events in each stream."""

    pick: Pick = _every
    copies: int = 1
    pause: float = 0.0
    swap: bool = False
    freeze: asyncio.Event | None = None

    @staticmethod
    def drop(pick: Pick = _every) -> Distortion:
        """Drop events."""
        return Distortion(pick=pick, copies=0)

    @staticmethod
    def duplicate(pick: Pick = _every) -> Distortion:
        """Send events twice."""
        return Distortion(pick=pick, copies=2)

    @staticmethod
    def late(seconds: float, pick: Pick = _every) -> Distortion:
        """Delay events and all events after them."""
        return Distortion(pick=pick, pause=seconds)

    @staticmethod
    def reorder(pick: Pick = _every) -> Distortion:
        """Send an event after the next one."""
        return Distortion(pick=pick, swap=True)

    @staticmethod
    def frozen(until: asyncio.Event) -> Distortion:
        """Send nothing until the event is set; the connection stays open."""
        return Distortion(freeze=until)

    async def applied(self, blocks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the distorted lines of a stream."""
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

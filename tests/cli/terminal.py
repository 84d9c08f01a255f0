"""A terminal for tests: a pseudo-terminal of a size, and the lines that a user sees or has scrolled past."""

from __future__ import annotations

import asyncio
import codecs
import fcntl
import os
import pty
import re
import signal
import struct
import sys
import termios
from pathlib import Path
from typing import Self

from rudr_py.cli.output import plain_text

SECONDS = 60
ROOT = Path(__file__).parents[2]

_SEQUENCE = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])")


class Screen:
    """The lines of a terminal with everything that has scrolled out of it. Knows the sequences that rudr uses.

    `overflows` are the lines that were longer than the terminal is wide.
    """

    def __init__(self, columns: int, lines: int) -> None:
        self.columns, self.height = columns, lines
        self.lines = [""]
        self.row = 0
        self.overflows: list[str] = []
        self.coloured = False

    def feed(self, text: str) -> None:
        """Print text with sequences that move the cursor up, erase, or set a style."""
        at = 0
        for match in _SEQUENCE.finditer(text):
            self._plain(text[at : match.start()])
            self._sequence(match[1], match[2])
            at = match.end()
        self._plain(text[at:])

    @property
    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines)

    def _plain(self, text: str) -> None:
        for character in text.replace("\r\n", "\n"):
            if character == "\n":
                self.row += 1
                self.lines += [""] * (self.row + 1 - len(self.lines))
            elif character != "\r":
                self.lines[self.row] += character
                if plain_text.columns(self.lines[self.row]) > self.columns:
                    self.overflows.append(self.lines[self.row])

    def _sequence(self, argument: str, command: str) -> None:
        if command == "F":
            top = max(0, len(self.lines) - self.height)
            self.row = max(top, self.row - int(argument or 1))
        elif command == "J":
            del self.lines[self.row + 1 :]
            self.lines[self.row] = ""
        elif command == "m":
            self.coloured = True
        else:
            raise AssertionError(f"unexpected sequence {command}")


class _Reading(asyncio.Protocol):
    """Prints the output of a command on a screen. `changed` is set with every output and at the end."""

    def __init__(self, screen: Screen) -> None:
        self.changed = asyncio.Event()
        self.ended = False
        self._screen = screen
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def data_received(self, data: bytes) -> None:
        self._screen.feed(self._decoder.decode(data))
        self.changed.set()

    def connection_lost(self, exc: Exception | None) -> None:
        # Linux reports the end of a pseudo-terminal as an error
        del exc
        self.ended = True
        self.changed.set()


class TerminalProcess:
    """A command of rudr on a pseudo-terminal. Leaving its context kills the command if it still runs."""

    def __init__(self, columns: int, lines: int = 24) -> None:
        self.screen = Screen(columns, lines)
        self._reading = _Reading(self.screen)
        self._process: asyncio.subprocess.Process | None = None
        self._transport: asyncio.ReadTransport | None = None
        self._terminal = -1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()
        if self._transport is not None:
            self._transport.close()
            os.close(self._terminal)

    async def start(self, *arguments: str, **environment: str) -> None:
        """Start the command with standard output and standard error on the terminal."""
        self._terminal, its = pty.openpty()
        self.resize(self.screen.columns, self.screen.height)
        loop = asyncio.get_running_loop()
        output = os.fdopen(os.dup(self._terminal), "rb", buffering=0)
        self._transport, _ = await loop.connect_read_pipe(lambda: self._reading, output)
        inherited = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "rudr_py", *arguments),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=its,
            stderr=its,
            env={**inherited, "TERM": "xterm", **environment},
        )
        os.close(its)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal, whose earlier lines stay as they are."""
        self.screen.columns, self.screen.height = columns, lines
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    async def until(self, text: str) -> None:
        """Wait until the lines contain a text. Raises TimeoutError.

        The output arrives in parts: text that is printed after it may not be there yet.
        """
        async with asyncio.timeout(SECONDS):
            while text not in self.screen.text:
                assert not self._reading.ended, f"it ended without {text!r}: {self.screen.text}"
                await self._reading.changed.wait()
                self._reading.changed.clear()

    async def stop(self) -> int | None:
        """Stop it as Ctrl-C does, and read the rest. Returns the exit code."""
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(signal.SIGINT)
        return await self.ended()

    async def ended(self) -> int | None:
        """Read until the command ends. Returns the exit code."""
        assert self._process is not None
        async with asyncio.timeout(SECONDS):
            while not self._reading.ended:
                await self._reading.changed.wait()
                self._reading.changed.clear()
            return await self._process.wait()

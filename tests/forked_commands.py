"""Runs commands of rudr in processes that start without imports, which take most of the time of a short command.

A server process has imported all commands, and forks for each one: a command has its own environment and streams.
Tests of the start, of signals and of terminals start Python instead.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import click

from rudr_py.cli.program import COMMANDS, main, program

ROOT = Path(__file__).parents[1]
LIMIT = 60.0
SIZE = struct.Struct("!I")


@dataclass(frozen=True)
class Finished:
    """A command that has ended: its exit code and its output."""

    code: int
    out: str
    err: str


class ForkServer:
    """The server process. It ends with this object's `close`."""

    def __init__(self) -> None:
        self._connection, other = socket.socketpair()
        with other:
            command = (sys.executable, "-m", "tests.forked_commands", str(other.fileno()))
            self._process = subprocess.Popen(command, cwd=ROOT, pass_fds=[other.fileno()])  # noqa: S603 - our own module

    def close(self) -> None:
        """End the server."""
        self._connection.close()
        self._process.wait(LIMIT)

    async def run(self, *arguments: str, environment: Mapping[str, str], text: str = "") -> Finished:
        """Run `rudr` with these arguments, this environment and standard input, in the folder of the repository."""
        with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            stdin.write(text.encode())
            stdin.seek(0)
            code = await asyncio.wait_for(self._code(arguments, environment, (stdin, out, err)), LIMIT)
            return Finished(code, _text(out), _text(err))

    async def _code(
        self, arguments: tuple[str, ...], environment: Mapping[str, str], streams: tuple[IO[bytes], ...]
    ) -> int:
        read_end, write_end = os.pipe()
        with os.fdopen(read_end, "rb") as ended:
            message = json.dumps([arguments, dict(environment)]).encode()
            descriptors = [*(stream.fileno() for stream in streams), write_end]
            socket.send_fds(self._connection, [SIZE.pack(len(message))], descriptors)
            self._connection.sendall(message)
            os.close(write_end)
            reader = asyncio.StreamReader()
            await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), ended)
            return int(await reader.read())


def _text(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode()


def serve(connection: socket.socket) -> None:
    """Fork for each command until the other end is closed, then wait for the commands."""
    for name in COMMANDS:
        program.get_command(click.Context(program), name)
    gc.freeze()  # the collector would copy the pages that all processes share
    while True:
        header, descriptors, _, _ = socket.recv_fds(connection, SIZE.size, 4)
        if not header:
            break
        arguments, environment = json.loads(connection.recv(SIZE.unpack(header)[0], socket.MSG_WAITALL))
        if os.fork() == 0:
            _run(arguments, environment, descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()


def _run(arguments: list[str], environment: dict[str, str], descriptors: list[int]) -> None:
    *streams, ended = descriptors
    for number, descriptor in enumerate(streams):
        os.dup2(descriptor, number)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = ["rudr", *arguments]
    code = 1
    try:
        main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except Exception:  # noqa: BLE001 - printed as by an interpreter that ends with it
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os.write(ended, str(code).encode())
        os._exit(code)


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])))

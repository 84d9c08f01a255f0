"""exec and attach: a scripted command, or the log of a container, over the channels of a connection."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from rudr_py.errors import ApiError
from rudr_py.local.apimachinery import api_errors
from rudr_py.local.backend import Backend
from rudr_py.local.http.streams import logs
from rudr_py.local.http.streams.channels import ERROR, STDERR, STDIN, STDOUT, Channels
from rudr_py.local.registry.resources import ObjectTarget
from rudr_py.local.storage.store import Object
from rudr_py.local.verbs import pod_commands, pod_containers, pod_logs, writes
from rudr_py.local.verbs.pod_commands import CommandResult, UnscriptedCommandError
from rudr_py.local.verbs.pod_logs import LogOptions

_ENDS_INPUT = (b"\x03", b"\x04")
"""The keys Ctrl-C and Ctrl-D of a terminal."""


class PodCommand(msgspec.Struct, frozen=True, kw_only=True):
    """A request for exec, or without arguments for attach, to a container."""

    target: ObjectTarget
    container: str
    arguments: Sequence[str] | None = None
    channels: frozenset[str]
    """The channels that the client requested."""
    terminal: bool = False


async def serve(backend: Backend, command: PodCommand, channels: Channels) -> None:
    """Serve a command until the command or the container ends, or the client closes the connection."""
    try:
        pod = writes.live(backend, command.target)
        if not pod_containers.is_running(pod, command.container):
            raise api_errors.internal(f'unable to upgrade connection: container not found ("{command.container}")')
        if command.arguments is None:
            result = await _attach(backend, pod, command, channels)
        else:
            result = await _execute(pod, command, command.arguments, channels)
        status = pod_commands.status(result)
    except ApiError as error:
        status = api_errors.body(error)
    await channels.send(ERROR, msgspec.json.encode(status))
    await channels.end()


async def _execute(pod: Object, command: PodCommand, arguments: Sequence[str], channels: Channels) -> CommandResult:
    try:
        result = pod_commands.run(pod, command.container, arguments)
    except UnscriptedCommandError as error:
        raise api_errors.internal(str(error)) from error
    await _send(channels, STDOUT, result.output, terminal=command.terminal)
    await _send(channels, STDOUT if command.terminal else STDERR, result.error_output, terminal=command.terminal)
    return result


async def _attach(backend: Backend, pod: Object, command: PodCommand, channels: Channels) -> CommandResult:
    """Send the log of a container until it ends, or until the client closes its input.

    A client with input gets new lines only: kubectl prints the log itself before it attaches to a pod that it runs.
    """
    options = LogOptions(container=command.container)
    sent = pod_logs.lines(pod, options, backend.pod_output) if STDIN in command.channels else []
    tasks = [
        asyncio.create_task(_send_log(logs.follow(backend, command.target, options, sent=sent), command, channels)),
        asyncio.create_task(_until_closed(command, channels)),
    ]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return CommandResult()


async def _send_log(texts: AsyncIterator[str], command: PodCommand, channels: Channels) -> None:
    async for text in texts:
        await _send(channels, STDOUT, text, terminal=command.terminal)


async def _until_closed(command: PodCommand, channels: Channels) -> None:
    while received := await channels.receive():
        for channel, data in received:
            ends = not data or (command.terminal and any(key in data for key in _ENDS_INPUT))
            if channel == STDIN and ends:
                return


async def _send(channels: Channels, channel: str, text: str, *, terminal: bool) -> None:
    if text:
        await channels.send(channel, (text.replace("\n", "\r\n") if terminal else text).encode())

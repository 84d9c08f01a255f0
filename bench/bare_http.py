"""A client that costs little: prepared requests on a few connections, and no more of the answers than their status."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

import msgspec

AT_ONCE = 16
APPLY, MERGE, JSON = "application/apply-patch+yaml", "application/merge-patch+json", "application/json"


def request(method: str, path: str, document: Any = None, media: str = JSON) -> bytes:
    """The bytes of a request with a document, or without a body."""
    body = b"" if document is None else msgspec.json.encode(document)
    lines = (
        f"{method} {path} HTTP/1.1",
        "Host: local",
        "User-Agent: bench",
        "Accept: application/json",
        f"Content-Type: {media}",
        f"Content-Length: {len(body)}",
    )
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def send(port: int, requests: Iterable[bytes]) -> None:
    """Send requests, `AT_ONCE` concurrently. Raises RuntimeError for an answer that is an error."""
    waiting = iter(requests)
    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(_one_after_another(port, waiting))


async def _one_after_another(port: int, requests: Iterable[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    try:
        for each in requests:
            writer.write(each)
            headers = await reader.readuntil(b"\r\n\r\n")
            length = headers.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            body = await reader.readexactly(int(length))
            if not headers.startswith(b"HTTP/1.1 2"):
                raise RuntimeError(f"{headers.decode()}{body[:500].decode()}")
    finally:
        writer.close()

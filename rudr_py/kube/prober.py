"""Probes one address by HTTP or TCP: the only connections that do not go to the API server.

It follows no redirects, reads a limited part of a response, keeps no connections and no cookies, and sends no
information except its name. The caller decides what to probe, and how often.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Literal, Protocol

import aiohttp
import msgspec
from yarl import URL

from rudr_py import __version__

LIMIT = 64 * 1024
"""Maximum of bytes that are read from a response; a longer one is not an error."""

CHUNK = 8 * 1024


class ProbeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One probe. `path` is used by `httpGet` only; `timeout` is in seconds and covers the whole probe."""

    method: Literal["httpGet", "tcp"]
    host: str
    port: int
    path: str = "/"
    timeout: float = 5.0


class Prober(Protocol):
    """The interface of a prober."""

    async def probe(self, request: ProbeRequest) -> str | None:
        """None on success, else the error as text. Raises nothing."""
        ...


class NetworkProber:
    """Probes over the network. An HTTP status from 200 to 399 is a success, as for probes of the kubelet."""

    async def probe(self, request: ProbeRequest) -> str | None:
        """None on success, else the error as text. Raises nothing."""
        try:
            async with asyncio.timeout(request.timeout):
                return await (_tcp(request) if request.method == "tcp" else _http(request))
        except TimeoutError:
            return f"no response within {request.timeout:g} s"
        except aiohttp.ClientError as error:
            return str(error) or type(error).__name__
        except OSError as error:
            return error.strerror or str(error) or type(error).__name__
        except ValueError as error:  # an invalid host or path
            return f"the address is not valid: {error}"


async def _tcp(request: ProbeRequest) -> None:
    _, writer = await asyncio.open_connection(request.host, request.port)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _http(request: ProbeRequest) -> str | None:
    path, _, query = request.path.partition("?")
    url = URL.build(scheme="http", host=request.host, port=request.port, path=path, query_string=query, encoded=True)
    headers = {"User-Agent": f"rudr-py/{__version__} health scope", "Accept": "*/*", "Connection": "close"}
    connector = aiohttp.TCPConnector(force_close=True, limit=1)
    async with (
        aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False, trust_env=False
        ) as session,
        session.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        left = LIMIT
        while left > 0 and (chunk := await answer.content.read(min(left, CHUNK))):
            left -= len(chunk)
        return None if 200 <= answer.status < 400 else f"HTTP {answer.status}"

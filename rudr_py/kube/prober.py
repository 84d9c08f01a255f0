"""Asks one address whether it is well, by HTTP or by TCP: the only connections that do not go to the API server.

It follows no redirect, reads no more than it has to, keeps no connection and no cookie, and says nothing of itself but
its name. Whom to ask, and how often, is decided elsewhere.
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
"""Bytes of an answer that are read at most; a longer one is as good."""

CHUNK = 8 * 1024


class ProbeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: `path` counts for `httpGet` only; `timeout` is in seconds, for everything together."""

    method: Literal["httpGet", "tcp"]
    host: str
    port: int
    path: str = "/"
    timeout: float = 5.0


class Prober(Protocol):
    """Whatever can ask."""

    async def ask(self, check: ProbeRequest) -> str | None:
        """None when all is well, else what is wrong, in words. Raises nothing."""
        ...


class NetworkProber:
    """Asks over the network. An HTTP status from 200 to 399 is well, as for Kubernetes' own probes."""

    async def ask(self, check: ProbeRequest) -> str | None:
        """None when all is well, else what is wrong, in words. Raises nothing."""
        try:
            async with asyncio.timeout(check.timeout):
                return await (_tcp(check) if check.method == "tcp" else _http(check))
        except TimeoutError:
            return f"no answer within {check.timeout:g} s"
        except aiohttp.ClientError as error:
            return str(error) or type(error).__name__
        except OSError as error:
            return error.strerror or str(error) or type(error).__name__
        except ValueError as error:  # a host or path that is none
            return f"cannot be asked: {error}"


async def _tcp(check: ProbeRequest) -> None:
    _, writer = await asyncio.open_connection(check.host, check.port)
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def _http(check: ProbeRequest) -> str | None:
    path, _, query = check.path.partition("?")
    url = URL.build(scheme="http", host=check.host, port=check.port, path=path, query_string=query, encoded=True)
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

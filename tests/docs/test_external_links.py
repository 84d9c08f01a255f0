"""External links are reachable, as far as the network permits."""

from __future__ import annotations

import aiohttp
import pytest

from tests.docs.pages import pages

LINKS = sorted({link for page in pages() for link in page.links if link.startswith("https://")})


@pytest.mark.slow
@pytest.mark.parametrize("link", LINKS)
async def test_an_external_link_is_reachable(link: str) -> None:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20), trust_env=True) as session,
            session.get(link) as answer,
        ):
            status = answer.status
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        pytest.skip(f"no access to the network: {type(error).__name__}")
    if status in (401, 403, 407, 429) or status >= 500:
        pytest.skip(f"answered with {status}, which does not depend on the link")
    assert status < 400

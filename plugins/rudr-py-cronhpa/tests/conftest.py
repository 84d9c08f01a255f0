"""The kit's renderer as a fixture, also where pytest does not know rudr_py's own plugin: a checkout."""

from __future__ import annotations

import pytest

from rudr_py.testing import RenderOne, rendering


@pytest.fixture
def render_one() -> RenderOne:
    """What becomes of one instance that uses a type."""
    return rendering.render_one

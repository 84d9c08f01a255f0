"""Test tools for plugin authors and for this project: a renderer, a conformance suite, a local cluster, a controller.

Authors import the names below and `conformance`; the pytest plugin provides the fixtures.
"""

from rudr_py.testing.protocols import Control, Golden, Health, Live, RenderError, Rendering, RenderOne

__all__ = ["Control", "Golden", "Health", "Live", "RenderError", "RenderOne", "Rendering"]

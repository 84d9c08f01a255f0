"""What a plugin author, and this project itself, tests with: a renderer, a conformance suite, clusters, a controller.

An author imports from here the names below and `conformance`; fixtures come by themselves with the pytest plugin.

conformance  one line that checks everything that a type promises: `checks`, by `purity`, `junk`, `access`
plugin       the pytest plugin: fixtures, imported when they are used
typed        their types, and what they give
rendering    one application around a type -> its plan
golden       objects as recorded in a file
live         a Kubernetes API and a controller in a thread
cluster      a handle on any cluster: apply, read, wait for an event, run a controller
clock        time that passes only when a test says so
"""

from rudr_py.testing.typed import Control, Golden, Health, Live, RenderError, Rendering, RenderOne

__all__ = ["Control", "Golden", "Health", "Live", "RenderError", "RenderOne", "Rendering"]

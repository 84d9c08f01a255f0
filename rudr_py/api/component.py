"""The values that `ctx.component` consists of: a ComponentSchematic whose parameters are replaced by their values.

For annotations, and for tests that build a context. The classes are those of `rudr_py.model.component`.
"""

from __future__ import annotations

from rudr_py.model.component import Component, Container, Disk, EnvVar, ExtendedResource, HealthProbe, Port, Volume

__all__ = ["Component", "Container", "Disk", "EnvVar", "ExtendedResource", "HealthProbe", "Port", "Volume"]

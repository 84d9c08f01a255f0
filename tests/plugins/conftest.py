"""Fixtures for this package: small types, and plugins that exist only in memory."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Rendered, Trait, Type, hookimpl
from rudr_py.plugins.entry_points import InstalledPlugin

MakeTrait = Callable[..., Trait[Any]]
MakePlugin = Callable[..., InstalledPlugin]


class Small(Trait[Any]):
    name = "small"

    def render(self, ctx: object) -> Rendered:
        return Rendered()


@pytest.fixture(name="trait")
def _trait() -> MakeTrait:
    def make(name: object = "small", **declared: object) -> Trait[Any]:
        made: Trait[Any] = type("Made", (Small,), {"name": name, **declared})()
        return made

    return make


@pytest.fixture(name="plugin")
def _plugin() -> MakePlugin:
    """A plugin whose module has the hook `rudr_register_types` and further attributes."""

    def make(
        package: str, *offered: Type[Any], version: str = "1.0", name: str = "", **module: object
    ) -> InstalledPlugin:
        made = types.ModuleType(package.replace("-", "_"))

        @hookimpl
        def rudr_register_types() -> list[Type[Any]]:
            return list(offered)

        vars(made).update({"rudr_register_types": rudr_register_types, **module})
        return InstalledPlugin(
            name=name or package.removeprefix("rudr-py-"), package=package, version=version, load=lambda: made
        )

    return make

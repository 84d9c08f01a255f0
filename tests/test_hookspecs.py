"""The one hook is a manual page, and a plugin that follows it is heard."""

from __future__ import annotations

import inspect
import types

import pluggy

from rudr_py import api, hookspecs


def test_there_is_one_hook_and_it_is_documented() -> None:
    hooks = [name for name, value in vars(hookspecs).items() if hasattr(value, "rudr_py_spec")]
    assert hooks == ["rudr_register_types"]
    manual = inspect.getdoc(hookspecs.rudr_register_types) or ""
    assert all(word in manual for word in ("When:", "Return", "Errors:"))


def test_hook_rudr_register_types_calls_what_the_marker_of_the_api_marks() -> None:
    module = types.ModuleType("plugin")
    vars(module)["rudr_register_types"] = api.hookimpl(lambda: ["a type"])
    manager = pluggy.PluginManager("rudr_py")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    assert manager.hook.rudr_register_types() == [["a type"]]

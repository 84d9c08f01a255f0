"""The hook is documented, and calls plugins that implement it."""

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


def test_the_hook_calls_the_marked_function_of_a_plugin() -> None:
    module = types.ModuleType("plugin")
    vars(module)["rudr_register_types"] = api.hookimpl(lambda: ["a type"])
    manager = pluggy.PluginManager("rudr_py")
    manager.add_hookspecs(hookspecs)
    manager.register(module)
    manager.check_pending()
    assert manager.hook.rudr_register_types() == [["a type"]]

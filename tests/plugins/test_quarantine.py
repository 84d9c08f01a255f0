"""A type that ended a process is excluded from the next one, until its package is upgraded or it is released."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import rudr_py
from rudr_py.errors import CatalogError, ConfigError
from rudr_py.plugins import loading, watchdog
from rudr_py.plugins.call_marker import CallLabel
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import PluginGuard
from rudr_py.plugins.quarantine import Offence, Quarantine

Make = Callable[..., Any]
ROOT = Path(rudr_py.__file__).parents[1]

LOOP = CallLabel("type", "loop", "rudr-py-hostile 1.0")

PROCESS = """
import hashlib, re, sys, types
from pathlib import Path
from rudr_py.api import Rendered, Trait, hookimpl
from rudr_py.plugins import loading, watchdog
from rudr_py.plugins.entry_points import InstalledPlugin
from rudr_py.plugins.loading import PluginGuard
from rudr_py.plugins.quarantine import Offence, Quarantine

class Loop(Trait):
    name = "loop"
    def render(self, ctx):
        {deed}
        return Rendered()

class Good(Trait):
    name = "good"
    def render(self, ctx):
        return Rendered()

module = types.ModuleType("hostile")
module.rudr_register_types = hookimpl(lambda: [Loop(), Good()])
plugin = InstalledPlugin(name="hostile", package="rudr-py-hostile", version="1.0", load=lambda: module)
quarantine = Quarantine(Path(sys.argv[1]))
report = lambda label: quarantine.add(Offence(label, "it blocked the process"))
with quarantine.session() as marker, watchdog.watching(marker, report, seconds=0.5):
    loaded = loading.load([plugin], None, plugin_guard=PluginGuard(quarantine.read(), marker))
    good = loaded.catalog.trait("good")
    good.call(good.type.render, None, returns=Rendered)
    for name in sorted(loaded.catalog.traits):
        offer = loaded.catalog.trait(name)
        offer.call(offer.type.render, None, returns=Rendered)
    print(loaded.plugins[0].state, sorted(loaded.catalog.traits))
"""


def _process(folder: Path, deed: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", PROCESS.replace("{deed}", deed), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        # keeps the interpreter to itself: only the interpreter's own watchdog can end it
        ("sum(range(10 ** 12))", 1),
        # lets other threads run, and no signal in
        ("hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10 ** 9)", watchdog.EXIT_CODE),
        # the machine has no more memory, or the process is killed
        ("import os; os.kill(os.getpid(), 9)", -9),
    ],
    ids=["loop with the lock", "loop without the lock", "killed"],
)
def test_a_call_that_no_exception_can_stop_causes_one_restart(deed: str, code: int, tmp_path: Path) -> None:
    first = _process(tmp_path, deed)
    assert first.returncode == code, first.stderr
    second = _process(tmp_path, deed)
    assert second.returncode == 0, second.stderr
    assert second.stdout.split() == ["quarantined", "['good']"]
    assert [offence.label for offence in Quarantine(tmp_path).read()] == [LOOP]


def test_the_message_before_the_exit_names_type_and_package(tmp_path: Path) -> None:
    told = _process(tmp_path, "hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10 ** 9)").stderr
    assert "loop of rudr-py-hostile 1.0" in told


def test_a_normal_exit_adds_no_entry_to_the_list(tmp_path: Path) -> None:
    done = _process(tmp_path, "pass")
    assert done.stdout.split()[0] == "loaded", done.stderr
    assert Quarantine(tmp_path).read() == ()
    with Quarantine(tmp_path).session():
        pass
    assert Quarantine(tmp_path).read() == ()


def test_a_quarantined_type_names_the_release_command_and_other_types_of_its_package_work(
    trait: Make, plugin: Make
) -> None:
    found = plugin("rudr-py-x", trait("bad"), trait("fine"), version="2.0")
    ward = PluginGuard((Offence(CallLabel("type", "bad", "rudr-py-x 2.0"), "it looped"),))
    loaded = loading.load([found], None, plugin_guard=ward)
    (state,) = loaded.refused
    assert (state.state, state.types, state.withheld) == ("quarantined", ("bad", "fine"), ("bad",))
    assert loaded.catalog.trait("fine").package == "rudr-py-x 2.0"
    with pytest.raises(CatalogError, match=r"rudr-py-x 2\.0.*it looped.*rudr plugins release bad"):
        loaded.catalog.trait("bad")


def test_a_quarantined_plugin_is_not_even_imported() -> None:
    def load() -> object:
        raise AssertionError("imported")

    found = InstalledPlugin(name="x", package="rudr-py-x", version="1", load=load)
    ward = PluginGuard((Offence(CallLabel("plugin", "x", "rudr-py-x 1"), "its import looped"),))
    (state,) = loading.load([found], None, plugin_guard=ward).plugins
    assert state.state == "quarantined"
    assert "rudr plugins release x" in state.error


def test_a_quarantine_ends_with_a_new_version(trait: Make, plugin: Make) -> None:
    ward = PluginGuard((Offence(CallLabel("type", "bad", "rudr-py-x 1.0"), "it looped"),))
    (state,) = loading.load([plugin("rudr-py-x", trait("bad"), version="1.1")], None, plugin_guard=ward).plugins
    assert state.state == "loaded"


def test_a_released_entry_is_removed_from_the_list(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "new")
    other = Offence(CallLabel("plugin", "other", "rudr-py-y 1"), "why")
    quarantine.add(Offence(LOOP, "once"))
    quarantine.add(other)
    quarantine.add(Offence(LOOP, "twice"))
    assert quarantine.read() == (other, Offence(LOOP, "twice"))
    assert quarantine.release("nobody") == ()
    assert quarantine.release("loop") == (Offence(LOOP, "twice"),)
    assert quarantine.read() == (other,)


def test_two_processes_cannot_share_a_state_directory(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path)
    with quarantine.session(), pytest.raises(ConfigError, match="another process"), quarantine.session():
        pass


@pytest.mark.parametrize("content", ["", "{", "[1]", json.dumps([{"label": {}, "why": ""}])])
def test_an_unreadable_list_raises_config_error(content: str, tmp_path: Path) -> None:
    (tmp_path / "quarantine.json").write_text(content)
    with pytest.raises(ConfigError, match=r"quarantine\.json"):
        Quarantine(tmp_path).read()


def test_an_unusable_folder_raises_config_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    quarantine = Quarantine(tmp_path / "file" / "inside")
    with pytest.raises(ConfigError, match="cannot be"):
        quarantine.add(Offence(LOOP, "why"))
    with pytest.raises(ConfigError, match="cannot be used"), quarantine.session():
        pass

"""`rudr dev`, `demo` and `plugins` on a terminal: lines fit its width, and none is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.terminal import TerminalProcess

LONG = "a-name-that-is-nearly-as-long-as-kubernetes-permits-for-names"
COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers: [{name: main, image: "registry.example/web:1", ports: [{name: http, containerPort: 80}]}]
---
"""
INSTANCES = (LONG[:50], *(f"instance-{number}" for number in range(9)))


def documents(folder: Path) -> str:
    """An application with more objects than the terminal has lines."""
    bindings = "".join(f"  - {{componentName: web, instanceName: {name}}}\n" for name in INSTANCES)
    header = "apiVersion: core.oam.dev/v1alpha1\nkind: ApplicationConfiguration\nmetadata: {name: shop}\n"
    (folder / "app.yaml").write_text(f"{COMPONENT}{header}spec:\n  components:\n{bindings}")
    return str(folder / "app.yaml")


def joined(terminal: TerminalProcess) -> str:
    """All text without the breaks of lines and the lines of trees."""
    return "".join(line.strip(" │") for line in terminal.screen.lines)


async def ready(terminal: TerminalProcess) -> None:
    await terminal.until("applicationconfiguration.core.oam.dev/shop: Ready")


@pytest.mark.parametrize("columns", [80, 140])
async def test_dev_shows_all_objects_within_the_width(columns: int, tmp_path: Path) -> None:
    async with TerminalProcess(columns) as terminal:
        await terminal.start("dev", "-f", documents(tmp_path), HOME=str(tmp_path))
        await ready(terminal)
        await terminal.until("printed at the end)")
        assert len(terminal.screen.text) < 100_000
        assert await terminal.stop() == 0
        # the hint with the path of the kubeconfig is one line, to be copied
        assert [line for line in terminal.screen.overflows if "KUBECONFIG" not in line] == []
        text = joined(terminal)
        for name in INSTANCES:
            for line in (f"deployment.apps/{name} created", f"── deployment.apps/{name}", f"── service/{name}"):
                assert line in text, name
        assert text.count("── pod/") == len(INSTANCES)


async def test_dev_keeps_all_lines_when_the_terminal_is_resized(tmp_path: Path) -> None:
    async with TerminalProcess(140, 60) as terminal:
        await terminal.start("dev", "-f", documents(tmp_path), HOME=str(tmp_path))
        await terminal.until("deployment.apps/instance-0 created")
        terminal.resize(70, 30)
        terminal.screen.overflows.clear()
        await ready(terminal)
        terminal.resize(100, 12)
        assert await terminal.stop() == 0
        text = joined(terminal)
        assert all(f"service/{name} created" in text and f"── service/{name}" in text for name in INSTANCES)
        assert text.count("deployment.apps/instance-0 created") == 1


@pytest.mark.parametrize("terminal_type", ["dumb", ""])
async def test_a_terminal_without_a_cursor_gets_plain_lines(terminal_type: str, tmp_path: Path) -> None:
    async with TerminalProcess(80) as terminal:
        await terminal.start("dev", "-f", documents(tmp_path), HOME=str(tmp_path), TERM=terminal_type)
        await ready(terminal)
        assert await terminal.stop() == 0
        assert not terminal.screen.coloured
        assert "├──" not in terminal.screen.text


async def test_no_color_leaves_out_colours_only(tmp_path: Path) -> None:
    async with TerminalProcess(80) as terminal:
        await terminal.start("dev", "-f", documents(tmp_path), HOME=str(tmp_path), NO_COLOR="1")
        await ready(terminal)
        assert await terminal.stop() == 0
        assert not terminal.screen.coloured
        assert "├──" in terminal.screen.text


async def test_demo_ends_with_the_trees_and_the_conditions(tmp_path: Path) -> None:
    async with TerminalProcess(80) as terminal:
        await terminal.start("demo", "-f", documents(tmp_path), HOME=str(tmp_path))
        assert await terminal.ended() == 0
        assert terminal.screen.overflows == []
        end = "\n".join(terminal.screen.lines)
        assert end.count("├── componentinstance") + end.count("└── componentinstance") == len(INSTANCES)
        assert "phase synced" in end
        assert "All applications became Ready" in end


@pytest.mark.parametrize("columns", [80, 140])
@pytest.mark.parametrize("arguments", [(), ("-o", "wide")])
async def test_plugins_fit_the_width_and_lose_no_type(columns: int, arguments: tuple[str, ...]) -> None:
    async with TerminalProcess(columns) as terminal:
        await terminal.start("plugins", *arguments)
        assert await terminal.ended() == 0
        assert terminal.screen.overflows == []
        words = terminal.screen.text.replace(",", " ").split()
        for name in ("auto-scaler", "core.oam.dev/v1alpha1.SingletonServer", "volume-mounter", "rudr-py"):
            assert name in words

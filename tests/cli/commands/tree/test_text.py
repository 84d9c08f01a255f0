"""The table of a tree: columns, and its layout in a narrow terminal."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from rudr_py.api import Health
from rudr_py.cli.commands.tree import command, text
from rudr_py.cli.commands.tree.ownership_tree import TreeNode
from rudr_py.cli.commands.tree.text import Layout
from rudr_py.cli.output import age, plain_text

NOW = datetime(2026, 1, 2, tzinfo=UTC)
CREATED = "2026-01-01T23:57:00Z"


def node(name: str, *children: TreeNode, **rest: Any) -> TreeNode:
    health = rest.pop("health", Health("ready", "Ready"))
    return TreeNode(name=name, health=health, children=children, namespace="shops", created=CREATED, **rest)


POD = node("pod/web-1", images=("registry.example/web:1", "registry.example/proxy:2"), restarts=3)
FAILED = Health("failed", "CrashLoopBackOff", "container main ended\nmore", {"restarts": "(3 restarts)"})
TREE = node(
    "application/shop", node("deployment.apps/web", POD, images=("registry.example/web:1",)), node("service/web")
)


def lines(*roots: TreeNode, **layout: Any) -> list[str]:
    return [line.rstrip() for line in text.lines(roots, Layout(now=NOW, **layout))]


def test_each_object_has_status_restarts_age_and_image() -> None:
    assert lines(TREE) == [
        "NAME                     STATUS  RESTARTS  AGE  IMAGE",
        "application/shop         Ready             3m",
        "├── deployment.apps/web  Ready             3m   registry.example/web:1",
        "│   └── pod/web-1        Ready   3         3m   registry.example/web:1,registry.example/proxy:2",
        "└── service/web          Ready             3m",
    ]


def test_namespaces_are_the_first_column() -> None:
    first, second, *_ = lines(TREE, namespaces=True)
    assert first.startswith("NAMESPACE  NAME  ")
    assert second.startswith("shops      application/shop  ")


def test_the_header_row_is_optional_and_trees_are_separated() -> None:
    output = lines(TREE, TREE, headers=False)
    assert output[0].startswith("application/shop")
    assert output == [*output[:4], "", *output[:4]]


def test_messages_have_a_column() -> None:
    output = lines(node("pod/web-1", health=FAILED, restarts=3), messages=True)
    assert output[1].endswith("container main ended")
    assert "restarts)" not in output[1]


@pytest.mark.parametrize("width", [20, 40, 60, 80, 140])
def test_a_narrow_terminal_loses_no_text(width: int) -> None:
    wide = msgspec.structs.replace(POD, name="pod/名前-1", health=Health("failed", "Failed", "容器 の エラー"))
    tree = node("application/shop", node(f"deployment.apps/{'long-' * 12}web", POD, wide))
    output = lines(tree, width=width, messages=True, namespaces=True)
    joined = " ".join(" ".join(output).replace("│", " ").split())
    for word in (
        "容器 の エラー",
        "pod/名前-1",
        f"{'long-' * 12}web",
        "registry.example/web:1,registry.example/proxy:2",
    ):
        assert word in joined
    longest = max(plain_text.columns(word) for line in output for word in line.split())
    assert max(map(plain_text.columns, output)) <= max(width, longest + 40)


@pytest.mark.parametrize("width", [80, 140])
def test_lines_fit_a_terminal(width: int) -> None:
    assert max(map(plain_text.columns, lines(TREE, width=width, messages=True))) <= width


def test_the_tree_as_data_has_kind_namespace_uid_age_and_image() -> None:
    root: dict[str, Any] = {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ApplicationConfiguration",
        "metadata": {"name": "shop", "namespace": "shops", "uid": "u1", "creationTimestamp": CREATED},
    }
    container = {"image": "registry.example/web:1"}
    owned = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {**root["metadata"], "name": "web", "uid": "u2", "ownerReferences": [{"uid": "u1"}]},
        "spec": {"template": {"spec": {"containers": [container, container]}}},
    }
    [item] = msgspec.json.decode(command.text([root, owned], "json", Layout(now=NOW)))["items"]
    [child] = item["children"]
    names = ("kind", "namespace", "uid", "age", "created", "image", "restarts")
    assert tuple(child[name] for name in names) == (
        *("Deployment", "shops", "u2", "3m", CREATED, "registry.example/web:1", None),
    )


def test_an_unreadable_time_has_no_age() -> None:
    assert (age.age("", NOW), age.age("yesterday", NOW), age.age("2026-01-02T00:00:05Z", NOW)) == (
        *("<unknown>", "<unknown>", "0s"),
    )

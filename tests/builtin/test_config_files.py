"""ConfigMaps are named by the content of their files; those of earlier releases keep their names until they change."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from rudr_py.api import Kind, Manifest
from rudr_py.api.component import Component
from rudr_py.api.pod_templates.config_files import DIGEST_ANNOTATION
from rudr_py.builtin import kinds
from rudr_py.builtin.workloads.replicated import Server
from rudr_py.builtin.workloads.singleton import SingletonServer
from rudr_py.builtin.workloads.task import Task
from rudr_py.builtin.workloads.workload import CoreWorkload

MakeComponent = Callable[..., Component]
MakeContext = Callable[..., Any]
Document = dict[str, Any]

EARLIER_DIGEST = "273afed33ddc7fbc"
"""The digest that earlier releases wrote for the file `web-main-0` with the content `a`."""


def with_files(component: MakeComponent, **files: str) -> Component:
    """A component of one container with these files in /etc/app, by their names without ending."""
    config = [{"path": f"/etc/app/{name}.conf", "value": value} for name, value in files.items()]
    return component({"name": "main", "image": "example:1", "config": config})


class Objects:
    """The objects that a type renders for a component."""

    def __init__(self, type_: CoreWorkload, ctx: Any) -> None:
        self._objects: tuple[Manifest, ...] = type_.render(ctx).add

    def config_maps(self) -> dict[str, Document]:
        return {one.name: one.body["data"] for one in self._objects if one.kind == kinds.CONFIG_MAP}

    def template(self) -> Document:
        (workload,) = (one for one in self._objects if "template" in one.body.get("spec", {}))
        return dict(workload.body["spec"]["template"])

    def volumes(self) -> dict[str, str]:
        """The ConfigMaps of the pod by the names of their volumes."""
        return {volume["name"]: volume["configMap"]["name"] for volume in self.template()["spec"]["volumes"]}


def earlier(kind: Kind, template: Document) -> Document:
    """The live workload of an earlier release, with the file `one.conf` in an object that was changed in place."""
    pod = {**template["spec"], "volumes": [{"name": "web-main-0", "configMap": {"name": "web-main-0"}}]}
    metadata = {**template["metadata"], "annotations": {DIGEST_ANNOTATION: EARLIER_DIGEST}}
    return {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "metadata": {"name": "web"},
        "spec": {"template": {"metadata": metadata, "spec": pod}},
    }


def test_another_content_or_name_of_a_file_is_another_config_map(
    component: MakeComponent, context: MakeContext
) -> None:
    def name(**files: str) -> str:
        (found,) = Objects(Server(), context(Server(), with_files(component, **files))).config_maps()
        return found

    names = {name(one="a"), name(one="b"), name(two="a")}
    assert len(names) == 3
    assert all(found.startswith("web-main-0-") for found in names)
    assert name(one="a") in names


def test_pods_mount_the_config_maps_of_their_files(component: MakeComponent, context: MakeContext) -> None:
    rendered = Objects(Server(), context(Server(), with_files(component, one="a", two="b")))
    assert list(rendered.volumes()) == ["web-main-0", "web-main-1"]
    assert list(rendered.volumes().values()) == list(rendered.config_maps())


def test_no_annotation_of_rudr_py_is_on_pods_with_config_maps_named_by_content(
    component: MakeComponent, context: MakeContext
) -> None:
    rendered = Objects(Server(), context(Server(), with_files(component, one="a")))
    assert "annotations" not in rendered.template()["metadata"]


@pytest.mark.parametrize("type_", [Server(), SingletonServer(), Task()], ids=lambda type_: type_.name)
def test_files_of_an_earlier_release_keep_their_names_while_they_are_the_same(
    type_: CoreWorkload, component: MakeComponent, context: MakeContext
) -> None:
    whole = with_files(component, one="a")
    live = earlier(type_.kind, Objects(type_, context(type_, whole)).template())
    rendered = Objects(type_, context(type_, whole, observed=(live,)))
    assert rendered.template() == live["spec"]["template"]
    assert rendered.config_maps() == {"web-main-0": {"one.conf": "a"}}


@pytest.mark.parametrize("changed", [{"one": "b"}, {"two": "a"}, {"one": "a", "two": "b"}], ids=str)
def test_changed_files_of_an_earlier_release_have_config_maps_named_by_content(
    component: MakeComponent, context: MakeContext, changed: dict[str, str]
) -> None:
    live = earlier(kinds.DEPLOYMENT, Objects(Server(), context(Server(), with_files(component, one="a"))).template())
    whole = with_files(component, **changed)
    rendered = Objects(Server(), context(Server(), whole, observed=(live,)))
    assert rendered.config_maps() == Objects(Server(), context(Server(), whole)).config_maps()
    assert "annotations" not in rendered.template()["metadata"]

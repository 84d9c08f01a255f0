"""Containers of the specification (§3): environment, files, probes, images."""

from __future__ import annotations

import pytest

from tests.conformance import oam

AT = "$.spec.containers[0]"


def component(container: str, parameters: str = "[]") -> str:
    spec = f'parameters: {parameters}\ncontainers: [{{name: main, image: "example/main:1", {container}}}]'
    return oam.component("Worker", spec)


def test_two_containers_of_one_name_are_refused() -> None:
    text = oam.component("Worker", 'containers: [{name: a, image: "a:1"}, {name: a, image: "b:1"}]')
    assert oam.refused(oam.plan(text, oam.instance())) == [("CN-1", "$.spec.containers[1].name")]


def test_cmd_args_and_pull_secrets_reach_the_pod() -> None:
    text = component("cmd: [run, -v], args: [all], imagePullSecret: registry")
    plan = oam.plan(text, oam.instance())
    assert oam.container(plan)["command"] == ["run", "-v"]
    assert oam.container(plan)["args"] == ["all"]
    assert oam.pod(plan)["spec"]["imagePullSecrets"] == [{"name": "registry"}]


@pytest.mark.parametrize(("value", "expected"), [("hello", "hello"), ("", "")])
def test_a_parameter_overrides_a_value_even_when_it_is_empty(value: str, expected: str) -> None:
    text = component(
        "env: [{name: A, value: own, fromParam: p}], config: [{path: /etc/a, value: own, fromParam: p}]",
        "[{name: p, type: string}]",
    )
    plan = oam.plan(text, oam.instance(values=f'- {{name: p, value: "{value}"}}'))
    # an empty value is left out, which means empty to Kubernetes
    assert oam.container(plan)["env"][0].get("value", "") == expected
    assert [body["data"] for name, body in oam.objects(plan).items() if name.startswith("ConfigMap/")] == [
        {"a": expected}
    ]


@pytest.mark.parametrize(
    ("entry", "rule", "place"), [("env: [{name: A}]", "EN-2", "env[0]"), ("config: [{path: /a}]", "EN-3", "config[0]")]
)
def test_an_entry_with_neither_value_nor_parameter_is_refused(entry: str, rule: str, place: str) -> None:
    assert oam.refused(oam.plan(component(entry), oam.instance())) == [(rule, f"{AT}.{place}")]


def test_a_relative_path_of_a_config_file_starts_at_the_root() -> None:
    plan = oam.plan(component("config: [{path: etc/app.ini, value: x}, {path: a.txt, value: more}]"), oam.instance())
    assert [mount["mountPath"] for mount in oam.container(plan)["volumeMounts"]] == ["/etc/app.ini", "/a.txt"]


@pytest.mark.parametrize("path", ["/", "/etc/", "/etc/../passwd", "..", "a:b"])
def test_an_unsafe_path_of_a_config_file_is_refused(path: str) -> None:
    plan = oam.plan(component(f'config: [{{path: "{path}", value: x}}]'), oam.instance())
    assert oam.refused(plan) == [("EN-6", f"{AT}.config[0].path")]


@pytest.mark.parametrize("name", ["livenessProbe", "readinessProbe"])
@pytest.mark.parametrize("probe", ["{}", "{periodSeconds: 5}", "{tcpSocket: {port: 1}, exec: {command: [a]}}"])
def test_a_probe_has_exactly_one_handler(probe: str, name: str) -> None:
    plan = oam.plan(component(f"{name}: {probe}"), oam.instance())
    assert oam.refused(plan) == [("HP-1", f"{AT}.{name}")]


def test_a_probe_needs_no_headers() -> None:
    plan = oam.plan(component("readinessProbe: {httpGet: {path: /ready, port: 80}}"), oam.instance())
    assert oam.container(plan)["readinessProbe"] == {
        "httpGet": {"path": "/ready", "port": 80},
        "periodSeconds": 10,
        "timeoutSeconds": 1,
        "successThreshold": 1,
        "failureThreshold": 3,
    }


@pytest.mark.parametrize(
    ("image", "warnings"),
    [
        (f"example/web@sha256:{'0' * 64}", []),
        (f"example/web:1@sha256:{'0' * 64}", []),
        ("example/web:1", []),
        ("example/web", [("CN-2", f"{AT}.image")]),
        ("example/web:latest", [("PR-1", f"{AT}.image")]),
    ],
)
def test_an_image_is_deployed_unchanged_and_a_mutable_tag_is_a_warning(
    image: str, warnings: list[tuple[str, str]]
) -> None:
    text = oam.component("Worker", f'containers: [{{name: main, image: "{image}"}}]')
    plan = oam.plan(text, oam.instance())
    assert oam.container(plan)["image"] == image
    assert oam.rules_and_paths(plan.warnings) == warnings

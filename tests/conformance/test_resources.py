"""Units and resources of the specification (§3), from document to pod."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance import oam


def container(resources: str) -> dict[str, Any]:
    return oam.container(oam.plan(_component(resources), oam.instance()))


def pod(resources: str) -> dict[str, Any]:
    spec: dict[str, Any] = oam.pod(oam.plan(_component(resources), oam.instance()))["spec"]
    return spec


def _component(resources: str) -> str:
    return oam.component("Worker", f'containers: [{{name: main, image: "a:1", resources: {{{resources}}}}}]')


@pytest.mark.parametrize(("value", "requested"), [("1", "1"), ("0.5", "0.5"), ("0.0001", "0.001"), ('"0.25"', "0.25")])
def test_cpu_is_a_number_of_cores(value: str, requested: str) -> None:
    assert container(f"cpu: {{required: {value}}}")["resources"]["requests"]["cpu"] == requested


@pytest.mark.parametrize(
    ("value", "requested"),
    [
        ("5M", "5M"),
        ("5MB", "5M"),
        ("5m", "5M"),
        ("5mb", "5M"),
        ("5Mb", "5M"),
        ("2K", "2k"),
        ("2kB", "2k"),
        ("1.5G", "1.5G"),
        ("1T", "1T"),
        ("1pb", "1P"),
        ("64Mi", "64Mi"),
        ("100B", "100"),
    ],
)
def test_memory_suffixes_are_case_insensitive_with_or_without_b(value: str, requested: str) -> None:
    assert container(f"memory: {{required: {value}}}")["resources"]["requests"]["memory"] == requested
    (volume,) = pod(f"volumes: [{{name: tmp, mountPath: /tmp, disk: {{required: {value}, ephemeral: true}}}}]")[
        "volumes"
    ]
    assert volume["emptyDir"] == {"sizeLimit": requested}


@pytest.mark.parametrize("value", ["100", '"100"'])
def test_a_plain_number_of_memory_is_in_mebibytes(value: str) -> None:
    assert container(f"memory: {{required: {value}}}")["resources"]["requests"]["memory"] == "100Mi"


def test_a_fraction_of_a_byte_is_rounded_up() -> None:
    assert container("memory: {required: 0.5B}")["resources"]["requests"]["memory"] == "1"
    (volume,) = pod("volumes: [{name: tmp, mountPath: /tmp, disk: {required: 0.5, ephemeral: true}}]")["volumes"]
    assert volume["emptyDir"] == {"sizeLimit": "1"}


def test_cpu_and_memory_are_requests_with_the_defaults_of_rudr() -> None:
    assert container("")["resources"] == {"requests": {"cpu": "0.1", "memory": "128Mi"}}


@pytest.mark.parametrize(("value", "limit"), [("0.1", "1"), ("1", "1"), ("1.5", "2")])
def test_a_fraction_of_a_gpu_is_rounded_up(value: str, limit: str) -> None:
    assert container(f"gpu: {{required: {value}}}")["resources"]["limits"] == {"nvidia.com/gpu": limit}


def test_gpus_and_extended_resources_are_limits() -> None:
    rendered = container('gpu: {required: 2}, extended: [{name: example.com/v1.Dongle, required: "1"}]')
    assert rendered["resources"]["limits"] == {"nvidia.com/gpu": "2", "example.com/dongle": "1"}


def test_an_extended_resource_must_have_a_type_name() -> None:
    plan = oam.plan(_component("extended: [{name: dongle, required: 1}]"), oam.instance())
    assert oam.refused(plan) == [("RS-3", "$.spec.containers[0].resources.extended[0].name")]


@pytest.mark.parametrize("disk", ["{required: 5M}", "{required: 5M, ephemeral: n}", "{required: 5M, ephemeral: false}"])
def test_the_field_ephemeral_of_a_disk_is_optional(disk: str) -> None:
    (volume,) = pod(f"volumes: [{{name: data, mountPath: /data, disk: {disk}}}]")["volumes"]
    assert volume == {"name": "data", "persistentVolumeClaim": {"claimName": "data"}}


def test_an_ephemeral_disk_is_an_empty_dir_and_any_other_a_claim() -> None:
    volumes = """volumes: [
      {name: cache, mountPath: /cache, disk: {required: 5M, ephemeral: true}},
      {name: data, mountPath: /data, accessMode: RO, disk: {required: 1G}},
      {name: old, mountPath: /old}]"""
    assert pod(volumes)["volumes"] == [
        {"name": "cache", "emptyDir": {"sizeLimit": "5M"}},
        {"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}},
        {"name": "old", "persistentVolumeClaim": {"claimName": "old"}},
    ]

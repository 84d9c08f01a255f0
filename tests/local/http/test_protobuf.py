"""Protobuf request bodies."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.errors import ApiError
from rudr_py.local.http import protobuf


def field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return bytes([number << 3, value])
    return bytes([number << 3 | 2, len(value)]) + value


def body(kind: str, raw: bytes, api_version: bytes = b"v1") -> bytes:
    identity = field(1, api_version) + field(2, kind.encode())
    return b"k8s\0" + field(1, identity) + field(2, raw)


def test_a_config_map_is_decoded() -> None:
    metadata = field(1, field(1, b"c") + field(11, field(1, b"app") + field(2, b"web")))
    data = field(2, field(1, b"k") + field(2, b"v"))
    assert protobuf.decode(body("ConfigMap", metadata + data)) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "c", "labels": {"app": "web"}},
        "data": {"k": "v"},
    }


def test_the_data_of_a_secret_is_base64_as_in_json() -> None:
    secret = protobuf.decode(body("Secret", field(2, field(1, b"k") + field(2, b"\0v"))))
    assert secret["data"] == {"k": "AHY="}


def test_an_unsupported_field_is_rejected_and_not_dropped() -> None:
    with pytest.raises(ApiError, match="send JSON instead"):
        protobuf.decode(body("ConfigMap", field(9, b"x")))


def test_an_unsupported_kind_is_an_unsupported_media_type() -> None:
    with pytest.raises(ApiError) as refusal:
        protobuf.decode(body("Frobnicator", b""))
    assert refusal.value.status == 415


@given(st.binary(max_size=200), st.sampled_from(["ConfigMap", "Deployment", "DeleteOptions"]))
def test_any_bytes_are_decoded_or_raise_an_api_error(raw: bytes, kind: str) -> None:
    for data in (raw, b"k8s\0" + raw, b"k8s\0" + field(1, field(2, kind.encode())) + b"\x12" + bytes([127]) + raw):
        try:
            protobuf.decode(data)
        except ApiError as error:
            assert error.status in (400, 415)  # noqa: PT017 - not raising is as good

"""Texts of a kind, packed with earlier ones as the dictionary."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py.kube.storage.packing import Packer


def pod(number: int) -> bytes:
    metadata = {"name": f"web-{number}", "namespace": "shop", "uid": f"{number:032x}", "resourceVersion": str(number)}
    container = {"name": "server", "image": "registry.example/web:1.0.0", "imagePullPolicy": "IfNotPresent"}
    status = {"phase": "Running", "podIP": f"10.0.0.{number}", "conditions": [{"type": "Ready", "status": "True"}]}
    return msgspec.json.encode({"metadata": metadata, "spec": {"containers": [container]}, "status": status})


@given(st.lists(st.binary(max_size=200) | st.integers(0, 99).map(pod), min_size=1, max_size=40))
@settings(max_examples=100)
def test_every_text_is_unpacked_as_it_was(texts: list[bytes]) -> None:
    packer = Packer()
    packed = [packer.pack(text) for text in texts]
    assert [packer.unpack(each) for each in packed] == texts


def test_texts_stay_readable_after_the_dictionary_was_extended() -> None:
    packer = Packer()
    packed = [packer.pack(pod(number)) for number in range(600)]
    assert [packer.unpack(each) for each in packed] == [pod(number) for number in range(600)]


def test_a_text_like_earlier_ones_takes_less_than_a_fourth() -> None:
    packer = Packer()
    packer.pack(pod(0))
    assert len(packer.pack(pod(1))) < len(pod(1)) / 4


def test_an_odd_first_text_does_not_spoil_the_following_ones() -> None:
    packer = Packer()
    packer.pack(b"{}")
    sizes = [len(packer.pack(pod(number))) for number in range(40)]
    assert sizes[-1] < len(pod(39)) / 4

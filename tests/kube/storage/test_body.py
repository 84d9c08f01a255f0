"""Texts in memory and in a file."""

from __future__ import annotations

import gc
import logging
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rudr_py import errors
from rudr_py.kube import live_object
from rudr_py.kube.cache import Cache
from rudr_py.kube.live_object import LiveObject
from rudr_py.kube.storage import body
from rudr_py.kube.storage.body import LARGE, SMALL, BodyBudget, BodyFile
from rudr_py.kube.watch import Applied, Deleted, Listed, ListingDone, ListingStarted

KIB = 1024


def document(name: str, size: int, namespace: str = "a", version: str = "1") -> LiveObject:
    filler = "x" * size
    text = (
        f'{{"metadata": {{"name": "{name}", "namespace": "{namespace}", "uid": "{name}", '
        f'"resourceVersion": "{version}"}}, "data": {{"filler": "{filler}"}}}}'
    )
    return live_object.decode(text.encode(), "v1", "ConfigMap")


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5), st.integers(SMALL - 5, 5 * SMALL)), max_size=40))
@settings(max_examples=100)
def test_texts_in_the_file_are_read_as_they_were_written(steps: list[tuple[bool, int, int]]) -> None:
    file = BodyFile()
    kept: dict[int, tuple[bytes, body.Body]] = {}
    for number, (is_put, place, size) in enumerate(steps):
        kept.pop(place, None)
        if is_put:
            text = (f"{number}-" * size).encode()[:size]
            stored = file.store(text)
            assert stored is not None
            kept[place] = text, stored
        assert all(stored.read() == text and stored.size == len(text) for text, stored in kept.values())


def test_the_file_does_not_grow_when_its_texts_are_replaced() -> None:
    file = BodyFile()
    stored = file.store(bytes(100 * KIB))
    for _ in range(50):
        stored = file.store(bytes(100 * KIB))
    assert stored is not None
    assert os.fstat(file._descriptor).st_size <= 2 * 128 * KIB


def test_the_texts_of_a_namespace_take_a_fourth_of_the_budget_and_all_together_the_whole() -> None:
    budget = BodyBudget(400 * KIB)
    kept = [budget.keep("noisy", bytes(30 * KIB)) for _ in range(20)]
    assert budget.used("noisy") == 90 * KIB
    kept += [budget.keep(f"namespace-{number}", bytes(90 * KIB)) for number in range(10)]
    assert budget.total == 90 * KIB + 3 * 90 * KIB
    assert all(text.read() == bytes(text.size) for text in kept)
    del kept[:]
    gc.collect()
    assert (budget.total, budget.used("noisy")) == (0, 0)


def test_a_quiet_namespace_keeps_its_texts_in_memory_beside_a_noisy_one() -> None:
    budget = BodyBudget(400 * KIB)
    noisy = [budget.keep("noisy", bytes(10 * KIB)) for _ in range(1000)]
    quiet = budget.keep("quiet", bytes(50 * KIB))
    assert budget.used("quiet") == quiet.size
    assert len(noisy) == 1000


def test_texts_that_were_not_used_lately_are_compressed_and_read_as_they_were() -> None:
    budget = BodyBudget(400 * KIB, unpacked=4 * KIB)
    texts = [document(f"map-{number}", number % 700).body for number in range(200)]
    kept = [budget.keep("a", text, "ConfigMap") for text in texts]
    assert budget.total < sum(map(len, texts)) / 4
    for _ in range(2):
        assert [(text.read(), text.size) for text in kept] == [(text, len(text)) for text in texts]
    assert budget.total < sum(map(len, texts)) / 4
    del kept[:]
    assert (budget.total, budget.used("a")) == (0, 0)


def test_a_text_larger_than_all_recent_ones_may_be_is_read_as_it_was() -> None:
    text = document("big", 3 * KIB).body
    kept = BodyBudget(400 * KIB, unpacked=KIB).keep("a", text)
    assert (kept.read(), kept.read(), kept.size) == (text, text, len(text))


def test_large_texts_are_not_compressed() -> None:
    budget = BodyBudget(4000 * KIB, unpacked=0)
    large = budget.keep("a", bytes(LARGE))
    assert budget.total == large.size == LARGE


def test_small_texts_stay_in_memory() -> None:
    budget = BodyBudget(0)
    text = budget.keep("a", bytes(SMALL))
    assert budget.total == text.size == SMALL


def test_without_a_file_texts_stay_in_memory_and_that_is_logged_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_arguments: object, **_named: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "pwrite", fail)
    budget = BodyBudget(0)
    with caplog.at_level(logging.WARNING):
        kept = [budget.keep("a", bytes(10 * KIB)) for _ in range(3)]
    assert budget.total == 30 * KIB
    assert [text.read() for text in kept] == [bytes(10 * KIB)] * 3
    assert len(caplog.records) == 1


def test_a_text_that_cannot_be_read_any_more_is_an_undecodable_object(monkeypatch: pytest.MonkeyPatch) -> None:
    live = document("big", 10 * KIB).kept_by(BodyBudget(0))
    monkeypatch.setattr(os, "pread", lambda *_arguments: b"")
    with pytest.raises(errors.UndecodableError):
        live.document()


def test_objects_outside_of_memory_have_the_same_content_and_metadata() -> None:
    live = document("big", 10 * KIB)
    kept = live.kept_by(BodyBudget(0))
    assert not isinstance(kept.stored, bytes)
    assert (kept.document(), kept.part("data"), kept.annotations) == (live.document(), live.part("data"), {})
    assert (kept.size, kept.body, kept.key) == (live.size, live.body, live.key)
    assert kept.kept_by(BodyBudget(0)) is kept


def test_a_cache_of_many_large_objects_stays_within_its_budget_through_lists_and_events() -> None:
    budget = BodyBudget(400 * KIB)
    cache = Cache(budget=budget)
    for round_number in range(3):
        cache.feed(ListingStarted())
        for number in range(40):
            cache.feed(Listed(document(f"big-{number}", 30 * KIB, version=str(round_number + 1))))
            assert budget.total <= 100 * KIB
        cache.feed(ListingDone(str(round_number + 1)))
        assert budget.total <= 100 * KIB
    changes = cache.feed(Applied(document("big-7", 20 * KIB, version="9")))
    assert [change.new.part("data") for change in changes if change.new] == [{"filler": "x" * 20 * KIB}]
    for number in range(40):
        live = cache.get("a", f"big-{number}")
        assert live is not None
        assert len(live.part("data")["filler"]) == (20 if number == 7 else 30) * KIB
        cache.feed(Deleted(document(f"big-{number}", 1, version="99")))
    del live, changes
    gc.collect()
    assert budget.total == 0


def test_a_new_list_of_the_same_objects_keeps_those_of_the_cache() -> None:
    cache = Cache(budget=BodyBudget(0))
    for _ in range(2):
        cache.feed(ListingStarted())
        cache.feed(Listed(document("big", 10 * KIB)))
        before = cache.get("a", "big")
        assert cache.feed(ListingDone("1")) == [] or before is None
    assert cache.get("a", "big") is before


def test_a_text_that_is_replaced_often_leaves_the_texts_of_others_uncompressed() -> None:
    budget = BodyBudget(400 * KIB, unpacked=64 * KIB)
    others = [budget.keep("a", document(f"map-{number}", 700).body, "ConfigMap") for number in range(10)]
    replaced = budget.keep("a", document("changed", 0).body, "ConfigMap")
    for number in range(500):
        replaced = budget.keep("a", document("changed", number).body, "ConfigMap")
    assert budget.total == sum(text.size for text in (*others, replaced))

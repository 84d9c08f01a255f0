"""Malformed reviews and token requests do not make the server fail."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.errors import ApiError
from rudr_py.local.access.settings import AccessSettings
from rudr_py.local.access.user import ADMIN
from rudr_py.local.backend import Backend
from rudr_py.local.cluster import LocalCluster, LocalSettings
from rudr_py.local.registry.resources import KindInfo, ObjectTarget, Resource
from rudr_py.local.verbs import reviews, subresources

REVIEWS = (
    KindInfo("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
    KindInfo("authorization.k8s.io/v1", "SubjectAccessReview"),
    KindInfo("authorization.k8s.io/v1", "LocalSubjectAccessReview"),
    KindInfo("authorization.k8s.io/v1", "SelfSubjectRulesReview"),
    KindInfo("authentication.k8s.io/v1", "TokenReview"),
)
KEYS = (
    *("resourceAttributes", "nonResourceAttributes", "user", "groups", "extra", "verb", "namespace", "path"),
    *("token", "audiences", "expirationSeconds", "boundObjectRef", "kind", "name", "target", "deleteOptions"),
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["", "default", "Pod", "a"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=10,
)


@pytest.fixture(scope="module")
def backend() -> Backend:
    return LocalCluster(LocalSettings(access=AccessSettings())).backend


def resource(backend: Backend, kind: KindInfo) -> Resource:
    served = backend.registry.by_kind(kind)
    assert served is not None
    return served


@given(spec=VALUES, kind=st.sampled_from(REVIEWS))
def test_a_malformed_review_is_answered_or_rejected(backend: Backend, spec: Any, kind: KindInfo) -> None:
    with contextlib.suppress(ApiError):
        answered = reviews.answer(backend, resource(backend, kind), "default", {"metadata": {}, "spec": spec}, ADMIN)
        assert "status" in answered


@given(spec=VALUES, name=st.sampled_from(["token", "eviction", "binding", "nothing"]))
def test_a_malformed_subresource_body_is_rejected(backend: Backend, spec: Any, name: str) -> None:
    for kind in (KindInfo("v1", "ServiceAccount"), KindInfo("v1", "Pod")):
        served = resource(backend, kind)
        backend.store.put(served.table, {"kind": kind.kind, "apiVersion": "v1", **_named(), "spec": {"containers": []}})
        with contextlib.suppress(ApiError):
            body = {"spec": spec, "target": spec, "metadata": spec, "deleteOptions": spec}
            subresources.create(backend, ObjectTarget(served, "default", "a"), name, body, {})


def _named() -> dict[str, Any]:
    return {"metadata": {"name": "a", "namespace": "default", "uid": "u"}}

"""Credentials are removed, names of objects are kept, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rudr_py.cli.logging import redaction

JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJl"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer abc123def456", "abc123def456"),
        ("{'Authorization': 'Basic dXNlcjpwYXNz'}", "dXNlcjpwYXNz"),
        (f"the server said {JWT} is not valid", "c2lnbmF0dXJl"),
        ('{"id_token":"opaque-one","refresh_token": "opaque-two"}', "opaque"),
        (r'body: "{\"password\": \"hunter2\"}"', "hunter2"),
        ("password=hunter2 user=joe", "hunter2"),
        ("client-secret: s3cr3t-s3cr3t", "s3cr3t-s3cr3t"),
        ("https://joe:hunter2@registry/v2", "hunter2"),
        ("aws_secret_access_key = AKIAxyzAKIAxyz", "AKIA"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "MIIE"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE and then cut", "MIIE"),
    ],
)
def test_a_credential_in_a_text_is_hidden(text: str, secret: str) -> None:
    assert secret not in redaction.text(text)
    assert redaction.HIDDEN in redaction.text(text)


@pytest.mark.parametrize(
    "value",
    [
        '"hunter\\"2 with spaces"',
        "hunter2",
        'core.PodSpec{Name:"hunter2", Ports:[]}',
        '{"a":"hunter2"}',
        '{"a":"hunter2',
    ],
)
def test_values_in_errors_of_an_api_server_are_hidden(value: str) -> None:
    text = redaction.text(f"Deployment web is invalid: spec.replicas: Invalid value: {value}")
    assert "hunter" not in text
    assert text.startswith("Deployment web is invalid: spec.replicas: Invalid value: ")
    assert redaction.text('Invalid value: "hunter2": field is immutable').endswith("field is immutable")


@pytest.mark.parametrize(
    "text",
    [
        'secrets is forbidden: User "system:serviceaccount:a:b" cannot list resource "secrets" in API group ""',
        "spec.containers[0].env[0].valueFrom.secretKeyRef.name: required",
        "volume db: secretName: database-credentials is not there",
        "secret/database is not there",
        "the token is not valid any more",
        "https://127.0.0.1:6443/apis",
    ],
)
def test_text_without_credentials_is_unchanged(text: str) -> None:
    assert redaction.text(text) == text


def test_the_contents_of_a_secret_are_hidden() -> None:
    document = {"kind": "Secret", "metadata": {"name": "db"}, "data": {"a": "aGk="}, "stringData": {"b": "hi"}}
    kept = redaction.document(document)
    assert kept["metadata"] == {"name": "db"}
    assert (kept["data"], kept["stringData"]) == (redaction.HIDDEN, redaction.HIDDEN)
    assert redaction.document({"kind": "ConfigMap", "data": {"a": "b"}}) == {"kind": "ConfigMap", "data": {"a": "b"}}


@pytest.mark.parametrize(("name", "hidden"), [("token", True), ("db_password", True), ("secretName", False)])
def test_secret_fields_are_recognized_by_name(name: str, hidden: bool) -> None:
    assert redaction.secret_name(name) is hidden


@pytest.mark.parametrize("part", ["a.", "password", "eyJ", "a://b:", "-----BEGIN PRIVATE KEY-----", 'token: "', "\\"])
def test_a_pathological_text_is_processed_in_linear_time(part: str) -> None:
    # quadratic patterns take minutes for this; the time-out of the suite would tell
    assert redaction.text(part * (50_000 // len(part))) is not None


@given(st.text())
def test_any_text_can_be_redacted(text: str) -> None:
    assert redaction.text(redaction.text(text)) is not None

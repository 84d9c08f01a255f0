"""`rudr digest` prints the digest of each document, the same for every spelling of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from click.testing import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Invoke = Callable[..., Result]
Write = Callable[..., str]

COMPONENT = """\
apiVersion: core.oam.dev/v1alpha1
kind: ComponentSchematic
metadata: {name: web}
spec:
  workloadType: core.oam.dev/v1alpha1.Server
  containers:
  - name: web
    image: example/web@sha256:72e996751fe42b2a0c1e6355730dc2751ccda50564fec929f76804a6365ef5ef
    resources: {cpu: {required: 0.5}, memory: {required: 128MB}}
    ports: [{name: http, containerPort: 80}]
"""
SPELLED_OTHERWISE = """\
# a comment
"kind": 'ComponentSchematic'
metadata:
    "name": "web"
spec:
    containers:
        - ports:
            - containerPort: 80
              name: http
          resources:
              memory: {required: "128MB"}   # of memory
              cpu:
                  required: 5.0e-1
          image: >-
              example/web@sha256:72e996751fe42b2a0c1e6355730dc2751ccda50564fec929f76804a6365ef5ef
          name: web
    workloadType: core.oam.dev/v1alpha1.Server
apiVersion: core.oam.dev/v1alpha1
"""
TAGGED = COMPONENT.replace("@sha256:72e996751fe42b2a0c1e6355730dc2751ccda50564fec929f76804a6365ef5ef", ":1")
APPLICATION = """\
apiVersion: core.oam.dev/v1alpha1
kind: ApplicationConfiguration
metadata: {name: shop}
spec: {components: [{componentName: web, instanceName: shop-web}]}
"""


def digests(done: Result) -> list[str]:
    assert done.exit_code == 0, done.output
    return [line.split("  ")[0] for line in done.stdout.splitlines()]


def test_each_document_has_a_line_with_its_digest_kind_and_name(invoke: Invoke, write: Write) -> None:
    done = invoke("digest", "-f", write("shop.yaml", COMPONENT, APPLICATION))
    assert done.exit_code == 0
    lines = [line.split("  ") for line in done.stdout.splitlines()]
    assert [name for _, name in lines] == [
        "componentschematic.core.oam.dev/web",
        "applicationconfiguration.core.oam.dev/shop",
    ]
    assert all(digest.startswith("sha256:") and len(digest) == 71 for digest, _ in lines)


def test_the_digest_does_not_depend_on_the_spelling(invoke: Invoke, write: Write) -> None:
    as_json = json.dumps({"items": [yaml.safe_load(COMPONENT)], "kind": "List", "apiVersion": "v1"}, indent=3)
    files = [write("a.yaml", COMPONENT), write("b.yaml", SPELLED_OTHERWISE), write("c.json", as_json)]
    assert len({*(digests(invoke("digest", "-f", file))[0] for file in files)}) == 1


@pytest.mark.parametrize(
    ("old", "new"), [("128MB", "128M"), ("containerPort: 80", "containerPort: 81"), ("0.5", '"0.5"')]
)
def test_another_value_has_another_digest(invoke: Invoke, write: Write, old: str, new: str) -> None:
    changed = COMPONENT.replace(old, new)
    assert changed != COMPONENT
    assert digests(invoke("digest", "-f", write("a.yaml", COMPONENT))) != digests(
        invoke("digest", "-f", write("b.yaml", changed))
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.randoms(use_true_random=False), st.sampled_from([None, True]), st.integers(1, 8))
def test_any_order_of_keys_and_any_style_has_the_same_digest(
    invoke: Invoke, write: Write, random: Any, flow: bool | None, indent: int
) -> None:
    def shuffled(value: Any) -> Any:
        if isinstance(value, dict):
            keys = list(value)
            random.shuffle(keys)
            return {key: shuffled(value[key]) for key in keys}
        return [shuffled(item) for item in value] if isinstance(value, list) else value

    document = shuffled(yaml.safe_load(COMPONENT))
    text = yaml.safe_dump(document, sort_keys=False, default_flow_style=flow, indent=indent, default_style=None)
    expected = digests(invoke("digest", "-f", write("a.yaml", COMPONENT)))
    assert digests(invoke("digest", "-f", write("b.yaml", text))) == expected
    assert digests(invoke("digest", "-f", write("c.json", json.dumps(document, indent=indent)))) == expected


def test_the_canonical_form_of_each_document_is_a_line_of_json(invoke: Invoke, write: Write) -> None:
    done = invoke("digest", "--canonical", "-f", write("shop.yaml", APPLICATION))
    assert done.stdout == (
        '{"apiVersion":"core.oam.dev/v1alpha1","kind":"ApplicationConfiguration","metadata":{"name":"shop"},'
        '"spec":{"components":[{"componentName":"web","instanceName":"shop-web"}]}}\n'
    )


def test_an_image_without_a_digest_is_a_warning_or_an_error_on_request(invoke: Invoke, write: Write) -> None:
    file = write("a.yaml", TAGGED)
    warned = invoke("digest", "-f", file)
    assert warned.exit_code == 0
    assert "warning" in warned.stderr
    assert "[PR-1]" in warned.stderr
    refused = invoke("digest", "--require-image-digests", "-f", file)
    assert refused.exit_code == 1
    assert "a.yaml:8" in refused.stderr
    assert invoke("digest", "--require-image-digests", "-f", write("b.yaml", COMPONENT)).exit_code == 0


def test_json_lists_digests_and_images_without_one(invoke: Invoke, write: Write) -> None:
    (entry,) = json.loads(invoke("digest", "-o", "json", "-f", write("a.yaml", TAGGED)).stdout)["items"]
    assert entry.pop("digest").startswith("sha256:")
    assert entry == {
        "apiVersion": "core.oam.dev/v1alpha1",
        "kind": "ComponentSchematic",
        "name": "web",
        "imagesWithoutDigest": ["example/web:1"],
    }


def test_a_document_without_a_canonical_form_is_an_error_with_its_line(invoke: Invoke, write: Write) -> None:
    large = APPLICATION.replace("instanceName: shop-web", "instanceName: shop-web, weight: 9007199254740993")
    done = invoke("digest", "-f", write("a.yaml", large, COMPONENT))
    assert done.exit_code == 1
    assert "9007199254740993" in done.stderr
    assert "a.yaml:" in done.stderr
    assert "componentschematic.core.oam.dev/web" in done.stdout


def test_a_file_that_cannot_be_read_is_an_error(invoke: Invoke) -> None:
    done = invoke("digest", "-f", "absent.yaml")
    assert done.exit_code == 1
    assert "absent.yaml" in done.stderr

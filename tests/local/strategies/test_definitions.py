"""Invalid CustomResourceDefinitions. Messages are those of apiextensions-apiserver 1.36."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.harness import MERGE, Api, deployment, widget_definition

PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
LABEL = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)
SIMPLE = "must be a simple json path starting with ."
Change = Callable[[dict[str, Any]], object]


def version(**fields: Any) -> Change:
    return lambda spec: spec["versions"][0].update(fields)


def column(**fields: str) -> Change:
    return version(additionalPrinterColumns=[{"name": "n", "type": "string", "jsonPath": ".a", **fields}])


def scale(**paths: str) -> Change:
    paths = {"specReplicasPath": ".spec.n", "statusReplicasPath": ".status.n", **paths}
    return version(subresources={"scale": paths})


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (version(name="V1"), f'spec.versions[0].name: Invalid value: "V1": {LABEL}'),
        (
            version(deprecationWarning="x"),
            'spec.versions[0].deprecationWarning: Invalid value: "x": can only be set for deprecated versions',
        ),
        (
            lambda spec: spec["names"].update(listKind="Wid_gets"),
            'spec.names.listKind: Invalid value: "Wid_gets": may have mixed case, but should otherwise match: ' + LABEL,
        ),
        (
            lambda spec: spec["names"].update(listKind="Widget"),
            'spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same',
        ),
        (
            column(type="text"),
            'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of '
            "boolean,date,integer,number,string",
        ),
        (column(jsonPath="a"), f'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "a": {SIMPLE}'),
        (
            scale(specReplicasPath=".status.n"),
            'spec.subresources.scale.specReplicasPath: Invalid value: ".status.n": should be a json path under .spec',
        ),
        (
            scale(labelSelectorPath=".metadata.x"),
            'spec.subresources.scale.labelSelectorPath: Invalid value: ".metadata.x": should be a json path under '
            "either .spec or .status",
        ),
        (
            lambda spec: spec.update(conversion={"strategy": "Hook"}),
            'spec.conversion.strategy: Unsupported value: "Hook": supported values: "None", "Webhook"',
        ),
        (
            lambda spec: spec.update(conversion={"strategy": "Webhook"}),
            "[spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook, "
            "spec.conversion.conversionReviewVersions: Required value]",
        ),
        (
            lambda spec: spec.update(preserveUnknownFields=True),
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
            "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        ),
    ],
)
async def test_an_invalid_definition_is_refused(api: Api, change: Change, error: str) -> None:
    definition = widget_definition()
    change(definition["spec"])
    reply = await api("POST", PATH, definition)
    prefix = 'CustomResourceDefinition.apiextensions.k8s.io "widgets.example.dev" is invalid: '
    assert (reply.status, reply.body["message"]) == (422, prefix + error)


async def test_names_of_versions_are_unique(api: Api) -> None:
    definition = widget_definition()
    versions = definition["spec"]["versions"]
    versions.append({**versions[0], "storage": False})
    assert (await api("POST", PATH, definition)).body["message"].endswith(": must contain unique version names")


async def test_a_stored_version_cannot_be_removed(api: Api) -> None:
    definition = widget_definition()
    await api.created(PATH, definition)
    changed = [{**definition["spec"]["versions"][0], "name": "v2"}]
    reply = await api("PATCH", f"{PATH}/widgets.example.dev", {"spec": {"versions": changed}}, media=MERGE)
    assert (reply.status, 'status.storedVersions[0]: Invalid value: "v1": missing' in reply.body["message"]) == (
        422,
        True,
    )


@pytest.mark.parametrize(
    ("path", "body", "patch", "error"),
    [
        (
            "/apis/networking.k8s.io/v1/ingressclasses",
            {"spec": {"controller": "a.example.com/b"}},
            {"spec": {"controller": "c.example.com/d"}},
            'spec.controller: Invalid value: "c.example.com/d": field is immutable',
        ),
        (
            "/apis/scheduling.k8s.io/v1/priorityclasses",
            {"value": 5},
            {"value": 6},
            "value: Forbidden: may not be changed in an update.",
        ),
        (
            "/apis/apps/v1/namespaces/default/controllerrevisions",
            {"revision": 1, "data": {"a": 1}},
            {"data": {"a": 2}},
            'data: Invalid value: {"a":2}: field is immutable',
        ),
    ],
)
async def test_a_fixed_field_cannot_be_changed(api: Api, path: str, body: Any, patch: Any, error: str) -> None:
    await api.created(path, {"metadata": {"name": "a"}, **body})
    reply = await api("PATCH", f"{path}/a", patch, media=MERGE)
    assert (reply.status, reply.body["message"].endswith(f'"a" is invalid: {error}')) == (422, True)


async def test_a_scale_of_another_object_or_size_is_refused(api: Api) -> None:
    path = "/apis/apps/v1/namespaces/default/deployments"
    await api.created(path, deployment("web"))
    other = {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": "db"}, "spec": {"replicas": 1}}
    reply = await api("PUT", f"{path}/web/scale", other)
    assert (reply.status, reply.body["message"]) == (
        400,
        "the name of the object (db) does not match the name on the URL (web)",
    )
    reply = await api("PATCH", f"{path}/web/scale", {"spec": {"replicas": -1}}, media=MERGE)
    assert reply.body["message"] == (
        'Scale.autoscaling "web" is invalid: spec.replicas: Invalid value: -1: must be greater than or equal to 0'
    )

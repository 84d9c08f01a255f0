"""Malformed requests do not make the server fail: it answers 5xx only where the real server does."""

from __future__ import annotations

import random

import pytest

from rudr_py.local.cluster import LocalCluster
from tests.local.harness import APPLY, CONFIG_MAPS, JSON_PATCH, MERGE, STRATEGIC, Api, config_map

WORDS = [
    *("api", "apis", "v1", "apps", "autoscaling", "events.k8s.io", "openapi", "v3", "v2", "version", "namespaces"),
    *("default", "configmaps", "deployments", "pods", "events", "a", "status", "scale", "log", "watch", "finalize"),
    *("..", "%2e%2e", "%00", "é"),
]
PARAMETERS = [
    *("limit=1", "limit=-1", "limit=x", "continue=x", "resourceVersion=x", "resourceVersion=0", "resourceVersion=-1"),
    *("labelSelector=,,", "labelSelector=%3D%3D", "fieldSelector=x", "fieldSelector=metadata.name%3Da"),
    *("dryRun=All", "dryRun=x", "fieldValidation=x", "force=true", "fieldManager=m", "sendInitialEvents=true"),
    *("resourceVersionMatch=x", "resourceVersionMatch=Exact", "includeObject=Object", "timeoutSeconds=x"),
]
MEDIA = ("application/json", APPLY, MERGE, STRATEGIC, JSON_PATCH, "application/vnd.kubernetes.protobuf", "x")
BODIES = (
    b"",
    b"{}",
    b"[]",
    b"[1]",
    b"null",
    b'"x"',
    b"{",
    b"k8s\0\n\x04\n\x02v1",
    b"[" * 100_000,
    b'{"data":' + b'{"a":' * 300 + b"1" + b"}" * 301,
    b"a: !!binary aGVsbG8=\n2020-01-01: .nan\n1: 2020-01-01",
    b"&a [*a]",
    b'{"metadata":{"name":"a"},"data":{"k":1}}',
    b'[{"op":"add","path":"/data/x","value":"\\ud800"}]',
    b'[{"op":"move","from":"/metadata","path":"/metadata/x"}]',
    b'{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"k":"v"}}',
)
ACCEPTS = ("", "*/*", "text/html", "application/json;as=Table;v=v1;g=meta.k8s.io", "application/yaml", ";;==,")


@pytest.mark.parametrize("seed", range(4))
async def test_malformed_requests_are_answered(api: Api, cluster: LocalCluster, seed: int) -> None:
    await api.created(CONFIG_MAPS, config_map("a", k="v"))
    choose = random.Random(seed)  # noqa: S311 - a seed of a test
    for _ in range(250):
        path = "/" + "/".join(choose.choices(WORDS, k=choose.randint(0, 6)))
        if choose.random() < 0.6:
            path = choose.choice([CONFIG_MAPS, f"{CONFIG_MAPS}/a", "/apis/apps/v1/namespaces/default/deployments"])
        query = choose.choices(PARAMETERS, k=choose.randint(0, 3))
        reply = await api(
            choose.choice(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]),
            f"{path}?{'&'.join(query)}",
            choose.choice(BODIES),
            media=choose.choice(MEDIA),
            accept=choose.choice(ACCEPTS),
        )
        reason = reply.body.get("reason") if isinstance(reply.body, dict) else None
        assert reason != "InternalError", cluster.requests[-1]


async def test_a_request_whose_answer_is_not_acceptable_is_not_executed(api: Api) -> None:
    assert (await api("POST", CONFIG_MAPS, config_map("a"), accept="text/html")).status == 406
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 404


async def test_yaml_is_decoded_like_json(api: Api) -> None:
    body = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {day: 2026-01-01}\n"
    reply = await api("PATCH", f"{CONFIG_MAPS}/a?fieldManager=m", body, media=APPLY)
    assert (reply.status, reply.body["data"]) == (201, {"day": "2026-01-01"})

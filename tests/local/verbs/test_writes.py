"""Create, replace, patch and apply over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.local.harness import (
    APPLY,
    CONFIG_MAPS,
    JSON_PATCH,
    MERGE,
    STRATEGIC,
    WIDGETS,
    Api,
    config_map,
    deployment,
    widget,
    widget_definition,
)

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


async def test_a_created_object_has_its_identity(api: Api) -> None:
    created = await api.created(CONFIG_MAPS, config_map("a", k="v"))
    metadata = created["metadata"]
    assert {"uid", "creationTimestamp", "resourceVersion", "managedFields"} <= set(metadata)
    assert metadata["namespace"] == "default"


async def test_server_set_fields_of_a_body_are_ignored(api: Api) -> None:
    body = config_map("a")
    body["metadata"].update(uid="1", creationTimestamp="2000-01-01T00:00:00Z", deletionTimestamp="2000-01-01T00:00:00Z")
    metadata = (await api.created(CONFIG_MAPS, body))["metadata"]
    assert metadata["uid"] != "1"
    assert "deletionTimestamp" not in metadata


async def test_a_time_with_an_offset_is_stored_in_utc_and_whole_seconds(api: Api) -> None:
    first = await api.created(CONFIG_MAPS, config_map("a"))
    same = first["metadata"]["creationTimestamp"].replace("Z", ".000+00:00")
    replaced = {**first, "metadata": {**first["metadata"], "creationTimestamp": same}, "data": {"k": "v"}}
    assert (await api("PUT", f"{CONFIG_MAPS}/a", replaced)).status == 200
    body = deployment("web")
    body["spec"]["template"]["metadata"]["creationTimestamp"] = "2026-01-02T03:04:05.6+02:00"
    created = await api.created(DEPLOYMENTS, body)
    assert created["spec"]["template"]["metadata"]["creationTimestamp"] == "2026-01-02T01:04:05Z"


async def test_a_name_is_generated_from_a_prefix(api: Api) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "gen-"}}
    first, second = await api.created(CONFIG_MAPS, body), await api.created(CONFIG_MAPS, body)
    assert first["metadata"]["name"].startswith("gen-")
    assert first["metadata"]["name"] != second["metadata"]["name"]


async def test_nothing_is_created_in_an_absent_namespace(api: Api) -> None:
    reply = await api("POST", "/api/v1/namespaces/none/configmaps", config_map("a"))
    assert (reply.status, reply.body["details"]["kind"]) == (404, "namespaces")


async def test_a_stale_resource_version_is_rejected(api: Api) -> None:
    first = await api.created(CONFIG_MAPS, config_map("a", k="1"))
    assert (await api("PUT", f"{CONFIG_MAPS}/a", config_map("a", k="2"))).status == 200
    first["data"]["k"] = "3"
    reply = await api("PUT", f"{CONFIG_MAPS}/a", first)
    assert (reply.status, reply.body["reason"]) == (409, "Conflict")


async def test_a_write_that_changes_nothing_keeps_the_resource_version(api: Api) -> None:
    first = await api.created(CONFIG_MAPS, config_map("a", k="1"))
    reply = await api("PUT", f"{CONFIG_MAPS}/a", first)
    assert reply.body["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_dry_run_stores_nothing(api: Api) -> None:
    reply = await api("POST", f"{CONFIG_MAPS}?dryRun=All", config_map("a"))
    assert reply.status == 201
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 404


@pytest.mark.parametrize(
    ("media", "patch"),
    [
        (MERGE, {"data": {"k": "2", "gone": None}}),
        (STRATEGIC, {"data": {"k": "2", "gone": None}}),
        (JSON_PATCH, [{"op": "replace", "path": "/data/k", "value": "2"}, {"op": "remove", "path": "/data/gone"}]),
    ],
)
async def test_a_patch_changes_and_removes(api: Api, media: str, patch: Any) -> None:
    await api.created(CONFIG_MAPS, config_map("a", k="1", gone="1"))
    reply = await api("PATCH", f"{CONFIG_MAPS}/a", patch, media=media)
    assert (reply.status, reply.body["data"]) == (200, {"k": "2"})


async def test_a_failed_test_of_a_json_patch_is_rejected(api: Api) -> None:
    await api.created(CONFIG_MAPS, config_map("a", k="1"))
    patch = [{"op": "test", "path": "/data/k", "value": "9"}]
    assert (await api("PATCH", f"{CONFIG_MAPS}/a", patch, media=JSON_PATCH)).status == 422


async def test_the_generation_counts_changes_of_the_spec_only(api: Api) -> None:
    await api.created(DEPLOYMENTS, deployment("web"))
    labelled = await api("PATCH", f"{DEPLOYMENTS}/web", {"metadata": {"labels": {"a": "b"}}}, media=MERGE)
    scaled = await api("PATCH", f"{DEPLOYMENTS}/web", {"spec": {"replicas": 3}}, media=MERGE)
    status = await api("PATCH", f"{DEPLOYMENTS}/web/status", {"status": {"replicas": 3}}, media=MERGE)
    assert [each.body["metadata"]["generation"] for each in (labelled, scaled, status)] == [1, 2, 2]


async def test_spec_and_status_are_written_through_separate_endpoints(api: Api) -> None:
    await api.created(DEPLOYMENTS, {**deployment("web"), "status": {"replicas": 7}})
    both = {"spec": {"replicas": 2}, "status": {"replicas": 9}}
    assert (await api("PATCH", f"{DEPLOYMENTS}/web", both, media=MERGE)).body["status"] == {}
    both["spec"]["replicas"] = 5
    reply = await api("PATCH", f"{DEPLOYMENTS}/web/status", both, media=MERGE)
    assert (reply.body["spec"]["replicas"], reply.body["status"]["replicas"]) == (2, 9)


async def test_scale_reads_and_writes_replicas(api: Api) -> None:
    await api.created(DEPLOYMENTS, deployment("web", replicas=2))
    scale = (await api("GET", f"{DEPLOYMENTS}/web/scale")).body
    assert (scale["spec"], scale["status"]["selector"]) == ({"replicas": 2}, "app=web")
    scale["spec"]["replicas"] = 4
    assert (await api("PUT", f"{DEPLOYMENTS}/web/scale", scale)).body["spec"] == {"replicas": 4}
    assert (await api("GET", f"{DEPLOYMENTS}/web")).body["spec"]["replicas"] == 4


async def test_an_apply_for_a_new_object_creates_it_or_refuses_but_never_overwrites(api: Api) -> None:
    body = config_map("a", k="1")
    body["metadata"]["resourceVersion"] = "1"
    first = await api.apply(f"{CONFIG_MAPS}/a", body, force=True)
    second = await api.apply(f"{CONFIG_MAPS}/a", {**body, "data": {"k": "2"}}, force=True)
    assert (first.status, second.status) == (201, 409)
    assert (await api("GET", f"{CONFIG_MAPS}/a")).body["data"] == {"k": "1"}


async def test_an_apply_with_a_uid_is_rejected_if_the_object_is_absent_or_another(api: Api) -> None:
    body = config_map("a", k="1")
    body["metadata"]["uid"] = "11111111-2222-3333-4444-555555555555"
    gone = await api.apply(f"{CONFIG_MAPS}/a", body)
    await api.created(CONFIG_MAPS, config_map("a", k="1"))
    other = await api.apply(f"{CONFIG_MAPS}/a", body, force=True)
    assert (gone.status, other.status) == (409, 422)


async def test_an_applied_body_that_the_schema_cannot_type_is_a_500(api: Api) -> None:
    body = deployment("web", bogus=1)
    reply = await api.apply(f"{DEPLOYMENTS}/web", body)
    assert reply.status == 500
    assert "failed to create typed patch object" in reply.body["message"]


async def test_changing_a_field_of_another_manager_needs_force(api: Api) -> None:
    await api.apply(f"{CONFIG_MAPS}/a", config_map("a", k="1"), manager="one")
    body = config_map("a", k="2")
    refused = await api.apply(f"{CONFIG_MAPS}/a", body, manager="two")
    assert refused.status == 409
    assert refused.body["details"]["causes"][0]["reason"] == "FieldManagerConflict"
    assert (await api.apply(f"{CONFIG_MAPS}/a", body, manager="two", force=True)).body["data"] == {"k": "2"}


async def test_unknown_fields_are_warned_about_rejected_or_silently_dropped(api: Api) -> None:
    body = {**config_map("a"), "bogus": 1}
    strict = await api("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", body)
    ignored = await api("POST", f"{CONFIG_MAPS}?fieldValidation=Ignore&dryRun=All", body)
    warned = await api("POST", CONFIG_MAPS, body)
    assert (strict.status, ignored.status, warned.status) == (400, 201, 201)
    assert "Warning" not in ignored.headers
    assert warned.headers["Warning"] == '299 - "unknown field \\"bogus\\""'


async def test_string_data_of_a_secret_becomes_data(api: Api) -> None:
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": "v"}}
    created = await api.created("/api/v1/namespaces/default/secrets", body)
    assert (created["data"], created["type"]) == ({"k": "dg=="}, "Opaque")
    assert "stringData" not in created


async def test_a_put_of_a_service_keeps_its_address(api: Api) -> None:
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"selector": {"a": "b"}, "ports": [{"port": 80}]},
    }
    path = "/api/v1/namespaces/default/services"
    first = await api.created(path, body)
    body["spec"]["ports"] = [{"port": 81}]
    second = (await api("PUT", f"{path}/s", body)).body
    assert second["spec"]["clusterIP"] == first["spec"]["clusterIP"]


async def test_events_are_one_object_in_two_forms(api: Api) -> None:
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "e"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "c",
        "reportingInstance": "i",
        "action": "A",
        "reason": "R",
        "note": "hello",
        "type": "Normal",
        "regarding": {"kind": "ConfigMap", "name": "a"},
    }
    await api.created("/apis/events.k8s.io/v1/namespaces/default/events", event)
    path = "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Da"
    assert [each["message"] for each in (await api("GET", path)).body["items"]] == ["hello"]


@pytest.mark.parametrize("data", [b"{not json", b"[1]", b'"x"', b"1", b"\xff", b"", b'{"metadata": 1}'])
async def test_a_body_that_is_not_an_object_is_a_bad_request(api: Api, data: bytes) -> None:
    assert (await api("POST", CONFIG_MAPS, data)).status == 400


async def test_a_body_of_an_unknown_media_type_is_unsupported(api: Api) -> None:
    assert (await api("POST", CONFIG_MAPS, b"x", media="text/plain")).status == 415
    assert (await api("PATCH", f"{CONFIG_MAPS}/a", b"{}", media="application/json")).status == 415


async def test_a_text_that_is_no_quantity_is_rejected_in_every_write(api: Api) -> None:
    wrong = deployment("web")
    wrong["spec"]["template"]["spec"]["containers"][0]["resources"] = {"requests": {"cpu": "text"}}
    query = "?fieldManager=a"
    assert (await api("POST", DEPLOYMENTS, wrong)).status == 400
    assert (await api("PATCH", f"{DEPLOYMENTS}/web{query}", wrong, media=APPLY)).status == 400
    await api.created(DEPLOYMENTS, deployment("web"))
    for method, media, status in (
        ("PUT", "application/json", 400),
        ("PATCH", MERGE, 422),
        ("PATCH", STRATEGIC, 422),
        ("PATCH", APPLY, 400),
    ):
        reply = await api(method, f"{DEPLOYMENTS}/web{query}", wrong, media=media)
        assert reply.status == status, media


@pytest.mark.parametrize("media", [MERGE, JSON_PATCH])
async def test_a_patch_cannot_change_the_kind_of_a_builtin_object(api: Api, media: str) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    for key, value, reason in (
        ("kind", "Secret", "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
        ("kind", "Foo", 'no kind "Foo" is registered for version "v1" in scheme "pkg/runtime/scheme.go:111"'),
        (
            "apiVersion",
            "v2",
            'no kind "ConfigMap" is registered for version "v2" in scheme "pkg/runtime/scheme.go:111"',
        ),
        ("kind", 5, "json: cannot unmarshal number into Go struct field .kind of type string"),
    ):
        patch: Any = {key: value} if media == MERGE else [{"op": "replace", "path": f"/{key}", "value": value}]
        reply = await api("PATCH", f"{CONFIG_MAPS}/a", patch, media=media)
        text = reply.body["message"]
        assert (reply.status, text.startswith(' "" is invalid: patch: '), text.endswith(reason)) == (422, True, True)


async def test_a_strategic_patch_has_no_effect_on_the_kind(api: Api) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    patch = {"kind": "Secret", "apiVersion": "v2", "data": {"k": "v"}}
    reply = await api("PATCH", f"{CONFIG_MAPS}/a", patch, media=STRATEGIC)
    assert (reply.body["kind"], reply.body["apiVersion"], reply.body["data"]) == ("ConfigMap", "v1", {"k": "v"})


async def test_a_patch_cannot_change_the_kind_of_a_custom_object(api: Api) -> None:
    await api.created("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", widget_definition())
    await api.created(WIDGETS, widget("w", size=1))
    for patch, message in (
        ({"kind": "Gear"}, 'Gear.example.dev "w" is invalid: kind: Invalid value: "Gear": must be Widget'),
        ({"apiVersion": "v2"}, 'Widget "w" is invalid: apiVersion: Invalid value: "v2": must be example.dev/v1'),
    ):
        reply = await api("PATCH", f"{WIDGETS}/w", patch, media=MERGE)
        assert (reply.status, reply.body["message"]) == (422, message)
    reply = await api("PATCH", f"{WIDGETS}/w", {"kind": None}, media=MERGE)
    assert (reply.status, "Object 'Kind' is missing in '{" in reply.body["message"]) == (422, True)

"""CustomResourceDefinitions and their objects over HTTP."""

from __future__ import annotations

import asyncio

import msgspec

from tests.local.harness import MERGE, WIDGETS, Api, widget, widget_definition

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


async def test_a_definition_is_established_and_its_kind_served_at_once(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    definition = (await api("GET", f"{DEFINITIONS}/widgets.example.dev")).body
    assert {each["type"]: each["status"] for each in definition["status"]["conditions"]} == {
        "NamesAccepted": "True",
        "Established": "True",
    }
    assert definition["spec"]["names"]["singular"] == "widget"
    assert (await api("GET", WIDGETS)).body["kind"] == "WidgetList"


async def test_objects_are_defaulted_pruned_and_checked(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    reply = await api("POST", WIDGETS, widget("w", size=2, unknown=1))
    assert reply.body["spec"] == {"size": 2, "color": "red"}
    assert "unknown field" in reply.headers["Warning"]
    refused = await api("POST", WIDGETS, widget("x", size=0))
    assert (refused.status, refused.body["details"]["causes"][0]["field"]) == (422, "spec.size")


async def test_status_is_a_subresource_if_the_definition_declares_it(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    created = await api.created(WIDGETS, {**widget("w", size=2), "status": {"phase": "x"}})
    assert "status" not in created
    reply = await api("PATCH", f"{WIDGETS}/w/status", {"status": {"phase": "y"}, "spec": {"size": 9}}, media=MERGE)
    assert (reply.body["spec"]["size"], reply.body["status"]) == (2, {"phase": "y"})
    assert reply.body["metadata"]["generation"] == 1


async def test_without_the_subresource_status_is_an_ordinary_field(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition(subresources=None))
    created = await api.created(WIDGETS, {**widget("w", size=2), "status": {"phase": "x"}})
    assert created["status"] == {"phase": "x"}
    assert (await api("GET", f"{WIDGETS}/w/status")).status == 404


async def test_printer_columns_are_those_of_the_definition(api: Api) -> None:
    columns = [{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}]
    await api.created(DEFINITIONS, widget_definition(additionalPrinterColumns=columns))
    await api.created(WIDGETS, widget("w", size=2))
    table = (await api("GET", WIDGETS, accept="application/json;as=Table;v=v1;g=meta.k8s.io")).body
    assert [each["name"] for each in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["w", 2]


async def test_a_changed_definition_changes_the_served_kind(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    await api.created(WIDGETS, widget("w", size=2))
    changed = (await api("GET", f"{DEFINITIONS}/widgets.example.dev")).body
    properties = changed["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    properties["spec"]["properties"]["shape"] = {"type": "string", "default": "round"}
    reply = await api("PUT", f"{DEFINITIONS}/widgets.example.dev", changed)
    assert reply.body["metadata"]["generation"] == 2
    assert (await api.created(WIDGETS, widget("v", size=2)))["spec"]["shape"] == "round"


async def test_the_objects_of_a_deleted_definition_are_deleted(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    await api.created(WIDGETS, widget("w", size=2))
    await api("DELETE", f"{DEFINITIONS}/widgets.example.dev")
    assert (await api("GET", WIDGETS)).body == "404 page not found\n"
    await api.created(DEFINITIONS, widget_definition())
    assert (await api("GET", WIDGETS)).body["items"] == []


async def test_a_definition_is_kept_until_its_objects_have_no_finalizers(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    body = widget("w", size=2)
    body["metadata"]["finalizers"] = ["example.dev/hold"]
    await api.created(WIDGETS, body)
    await api("DELETE", f"{DEFINITIONS}/widgets.example.dev")
    assert (await api("GET", f"{DEFINITIONS}/widgets.example.dev")).status == 200
    await api("PATCH", f"{WIDGETS}/w", {"metadata": {"finalizers": None}}, media=MERGE)
    assert (await api("GET", f"{DEFINITIONS}/widgets.example.dev")).status == 404


async def test_names_of_another_kind_are_not_accepted(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    rival = widget_definition()
    rival["metadata"]["name"] = "widgetries.example.dev"
    rival["spec"]["names"] = {"plural": "widgetries", "kind": "Widgetry", "shortNames": ["wd"]}
    await api.created(DEFINITIONS, rival)
    definition = (await api("GET", f"{DEFINITIONS}/widgetries.example.dev")).body
    assert {each["type"]: each["status"] for each in definition["status"]["conditions"]} == {
        "NamesAccepted": "False",
        "Established": "False",
    }
    assert (await api("GET", "/apis/example.dev/v1/widgetries")).status == 404
    await api("DELETE", f"{DEFINITIONS}/widgets.example.dev")
    assert (await api("GET", "/apis/example.dev/v1/widgetries")).status == 200


async def test_one_object_is_served_in_each_version(api: Api) -> None:
    definition = widget_definition()
    first = definition["spec"]["versions"][0]
    definition["spec"]["versions"].append({**first, "name": "v2", "storage": False})
    await api.created(DEFINITIONS, definition)
    await api.created(WIDGETS, widget("w", size=2))
    converted = (await api("GET", f"{WIDGETS.replace('/v1/', '/v2/')}/w")).body
    assert converted["apiVersion"] == "example.dev/v2"


async def test_a_nonstructural_schema_is_rejected(api: Api) -> None:
    definition = widget_definition()
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"].pop("type")
    reply = await api("POST", DEFINITIONS, definition)
    assert reply.status == 422
    assert reply.body["details"]["causes"][0]["field"].startswith("spec.validation.openAPIV3Schema")


async def test_watches_of_a_kind_end_with_its_definition(api: Api) -> None:
    await api.created(DEFINITIONS, widget_definition())
    await api.created(WIDGETS, widget("w", size=2))
    async with asyncio.timeout(60), api.session.get(f"{api.url}{WIDGETS}?watch=1") as response:
        await api("DELETE", f"{DEFINITIONS}/widgets.example.dev")
        events = [msgspec.json.decode(line) for line in (await response.read()).splitlines()]
    assert [each["type"] for each in events] == ["ADDED", "DELETED"]

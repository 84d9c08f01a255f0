"""Lists over HTTP: selection, pages, Tables and metadata."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rudr_py.local.cluster import LocalCluster
from tests.local.harness import CONFIG_MAPS, Api, config_map

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


@pytest.fixture
async def five(api: Api) -> list[str]:
    names = [f"c{number}" for number in range(5)]
    for name in names:
        await api.created(CONFIG_MAPS, config_map(name, {"n": name[1:]}, k="v"))
    return names


def names_of(body: Any) -> list[str]:
    return [each["metadata"]["name"] for each in body["items"]]


async def test_pages_have_one_consistent_revision(api: Api, five: list[str]) -> None:
    first = (await api("GET", f"{CONFIG_MAPS}?limit=2")).body
    assert first["metadata"]["remainingItemCount"] == 3
    await api("DELETE", f"{CONFIG_MAPS}/c3")
    await api.created(CONFIG_MAPS, config_map("c9"))
    second = (await api("GET", f"{CONFIG_MAPS}?limit=9&continue={first['metadata']['continue']}")).body
    assert names_of(first) + names_of(second) == five
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_a_page_of_a_compacted_list_is_gone_but_can_continue_inconsistently(
    api: Api, cluster: LocalCluster, five: list[str]
) -> None:
    first = (await api("GET", f"{CONFIG_MAPS}?limit=2")).body
    await api.created(CONFIG_MAPS, config_map("c9"))
    cluster.backend.store.compact()
    gone = await api("GET", f"{CONFIG_MAPS}?limit=2&continue={first['metadata']['continue']}")
    assert (gone.status, gone.body["reason"]) == (410, "Expired")
    continued = await api("GET", f"{CONFIG_MAPS}?continue={gone.body['metadata']['continue']}")
    assert names_of(continued.body) == [*five[2:], "c9"]


def encoded(content: str) -> str:
    return base64.urlsafe_b64encode(content.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(
    ("token", "detail"),
    [
        ("x", ": illegal base64 data at input byte 0"),
        ("ab!d", ": illegal base64 data at input byte 2"),
        (encoded("{"), ": unexpected end of JSON input"),
        (encoded("[]"), ": json: cannot unmarshal array into Go value of type storage.continueToken"),
        (encoded('{"v":1}'), ": json: cannot unmarshal number into Go struct field continueToken.v of type string"),
        (encoded("{}"), ": server does not recognize this encoded version "),
        (encoded('{"v":"v2"}'), ": server does not recognize this encoded version v2"),
        (
            encoded('{"v":"meta.k8s.io/v1","start":"a"}'),
            ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ),
        (encoded('{"v":"meta.k8s.io/v1","rv":1}'), ": encoded start key empty (version meta.k8s.io/v1)"),
        (encoded('{"v":"meta.k8s.io/v1","rv":1,"start":"../a"}'), ": ../a"),
    ],
)
async def test_a_bad_continue_token_is_a_bad_request(api: Api, token: str, detail: str) -> None:
    reply = await api("GET", f"{CONFIG_MAPS}?limit=1&continue={token}")
    message = f"invalid continue token: continue key is not valid{detail}"
    assert (reply.status, reply.body["message"]) == (400, message)


@pytest.mark.parametrize(
    ("version", "problem"), [("abc", "invalid syntax"), ("-1", "invalid syntax"), ("9" * 20, "value out of range")]
)
async def test_a_resource_version_that_is_no_number_is_an_error(
    api: Api, five: list[str], version: str, problem: str
) -> None:
    message = f'resourceVersion: Invalid value: "{version}": strconv.ParseUint: parsing "{version}": {problem}'
    listed = await api("GET", f"{CONFIG_MAPS}?resourceVersion={version}")
    assert (listed.status, listed.body["message"]) == (400, f"invalid resource version: {message}")
    for path in (f"{CONFIG_MAPS}?watch=true&", f"{CONFIG_MAPS}/c1?"):
        reply = await api("GET", f"{path}resourceVersion={version}")
        assert (reply.status, reply.body["message"], "reason" in reply.body) == (500, message, False)


async def test_an_object_is_not_read_at_a_future_version(api: Api, five: list[str]) -> None:
    reply = await api("GET", f"{CONFIG_MAPS}/c1?resourceVersion=999999")
    assert (reply.status, reply.body["details"]["retryAfterSeconds"]) == (504, 1)


async def test_selectors_narrow_a_list(api: Api, five: list[str]) -> None:
    by_label = await api("GET", f"{CONFIG_MAPS}?labelSelector=n%20in%20(1,3)")
    by_field = await api("GET", f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Dc2")
    unknown = await api("GET", f"{CONFIG_MAPS}?fieldSelector=data.k%3Dv")
    assert (names_of(by_label.body), names_of(by_field.body), unknown.status) == (["c1", "c3"], ["c2"], 400)


async def test_a_table_has_a_row_for_each_object(api: Api, five: list[str]) -> None:
    table = (await api("GET", CONFIG_MAPS, accept=TABLE)).body
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Data", "Age"]
    assert [row["cells"][:2] for row in table["rows"]] == [[name, 1] for name in five]


async def test_a_list_can_contain_metadata_only(api: Api, five: list[str]) -> None:
    metadata_list = (await api("GET", CONFIG_MAPS, accept=PARTIAL)).body
    assert (names_of(metadata_list), "data" in metadata_list["items"][0]) == (five, False)


async def test_a_list_at_a_future_revision_is_rejected(api: Api) -> None:
    reply = await api("GET", f"{CONFIG_MAPS}?resourceVersion=999999&resourceVersionMatch=NotOlderThan")
    assert (reply.status, reply.headers["Retry-After"]) == (504, "1")


async def test_a_list_at_an_earlier_revision_is_exact(api: Api, five: list[str]) -> None:
    then = (await api("GET", CONFIG_MAPS)).body["metadata"]["resourceVersion"]
    await api("DELETE", f"{CONFIG_MAPS}/c0")
    path = f"{CONFIG_MAPS}?resourceVersion={then}&resourceVersionMatch=Exact"
    assert names_of((await api("GET", path)).body) == five


async def test_all_namespaces_are_listed_together(api: Api, five: list[str]) -> None:
    await api.created("/api/v1/namespaces/kube-system/configmaps", config_map("z"))
    assert names_of((await api("GET", "/api/v1/configmaps")).body) == [*five, "z"]


async def test_metadata_are_requested_as_a_list_of_a_list_and_only_there(api: Api, five: list[str]) -> None:
    single = PARTIAL.replace("MetadataList", "Metadata")
    assert (await api("GET", CONFIG_MAPS, accept=single)).status == 406
    assert (await api("GET", f"{CONFIG_MAPS}/c1", accept=PARTIAL)).status == 406
    assert (await api("GET", f"{CONFIG_MAPS}/c1", accept=single)).status == 200


FORBIDDEN = "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden"


@pytest.mark.parametrize(
    ("query", "problems"),
    [
        (
            "resourceVersion=1&resourceVersionMatch=Foo",
            'resourceVersionMatch: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""',
        ),
        ("resourceVersionMatch=Exact", f"{FORBIDDEN} unless resourceVersion is provided"),
        (
            "resourceVersion=0&resourceVersionMatch=Exact",
            'resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
        ("sendInitialEvents=true", "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list"),
        (
            "watch=true&resourceVersionMatch=Exact",
            f"[{FORBIDDEN} for watch unless sendInitialEvents is provided, "
            'resourceVersionMatch: Unsupported value: "Exact": supported values: "NotOlderThan"]',
        ),
    ],
)
async def test_parameters_that_contradict_each_other_are_rejected(api: Api, query: str, problems: str) -> None:
    answer = await api("GET", f"{CONFIG_MAPS}?{query}")
    assert answer.status == 422
    assert answer.body["message"] == f'ListOptions.meta.k8s.io "" is invalid: {problems}'

"""Parameters of writes and deletions. Messages are those of kube-apiserver v1.36."""

from __future__ import annotations

import pytest

from tests.local.harness import APPLY, CONFIG_MAPS, JSON_PATCH, MERGE, Api, config_map

LONG = "a" * 129
DRY_RUN = 'dryRun: Unsupported value: ["Some"]: supported values: "All"'
TOO_LONG = "fieldManager: Too long: may not be more than 128 bytes"


@pytest.mark.parametrize(
    ("query", "problem"),
    [
        ("dryRun=Some", DRY_RUN),
        (f"fieldManager={LONG}", TOO_LONG),
        (f"fieldManager={LONG}&dryRun=Some", f"[{TOO_LONG}, {DRY_RUN}]"),
        (
            "fieldManager=%C3%A9%07",
            'fieldManager: Invalid value: "é\\u0007": invalid character U+0007 (at position 2)',
        ),
        (
            "fieldValidation=strict",
            'fieldValidation: Unsupported value: "strict": supported values: "", "Ignore", "Strict", "Warn"',
        ),
    ],
)
async def test_invalid_parameters_of_a_write_are_all_reported(api: Api, query: str, problem: str) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    for method, kind, path, media in (
        ("POST", "CreateOptions", CONFIG_MAPS, "application/json"),
        ("PUT", "UpdateOptions", f"{CONFIG_MAPS}/a", "application/json"),
        ("PATCH", "PatchOptions", f"{CONFIG_MAPS}/a", MERGE),
    ):
        reply = await api(method, f"{path}?{query}", config_map("a"), media=media)
        message = f'{kind}.meta.k8s.io "" is invalid: {problem}'
        assert (reply.status, reply.body["message"]) == (422, message), method


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"dryRun": ["Some"]}, DRY_RUN),
        (
            {"propagationPolicy": "Later"},
            'propagationPolicy: Unsupported value: "Later": supported values: "Foreground", "Background", "Orphan", '
            '"nil"',
        ),
        (
            {"propagationPolicy": "Orphan", "orphanDependents": False},
            'propagationPolicy: Invalid value: "Orphan": orphanDependents and deletionPropagation cannot be both set',
        ),
    ],
)
async def test_invalid_options_of_a_deletion_are_reported(api: Api, options: object, problem: str) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    reply = await api("DELETE", f"{CONFIG_MAPS}/a", options)
    assert (reply.status, reply.body["message"]) == (422, f'DeleteOptions.meta.k8s.io "" is invalid: {problem}')


async def test_the_query_of_a_deletion_has_no_effect_beside_a_body(api: Api) -> None:
    await api.created(CONFIG_MAPS, config_map("a"))
    assert (await api("DELETE", f"{CONFIG_MAPS}/a?dryRun=Some")).status == 422
    assert (await api("DELETE", f"{CONFIG_MAPS}/a?dryRun=Some", {"dryRun": ["All"]})).status == 200
    assert (await api("GET", f"{CONFIG_MAPS}/a")).status == 200


async def test_an_unknown_value_of_force_is_true(api: Api) -> None:
    await api.created(f"{CONFIG_MAPS}?fieldManager=first", config_map("a", k="1"))
    desired = config_map("a", k="2")
    path = f"{CONFIG_MAPS}/a?fieldManager=b"
    assert (await api("PATCH", f"{path}&force=0", desired, media=APPLY)).status == 409
    assert (await api("PATCH", f"{path}&force=maybe", desired, media=APPLY)).status == 200
    reply = await api("PATCH", f"{path}&force=true", [], media=JSON_PATCH)
    assert reply.body["message"].endswith("force: Forbidden: may not be specified for non-apply patch")

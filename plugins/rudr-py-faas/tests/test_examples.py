"""Rudr's published example of a function, if it is available beside the project."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from rudr_py.testing import RenderOne
from rudr_py_faas.openfaas import Function

PUBLISHED = Path(__file__).parents[4] / "shared" / "rudr-examples" / "openfaasapp.yaml"


@pytest.mark.skipif(not PUBLISHED.exists(), reason="../shared/rudr-examples is not here")
def test_rudrs_function_with_its_manual_scaler_works(render_one: RenderOne) -> None:
    component: dict[str, Any]
    component, application = yaml.safe_load_all(PUBLISHED.read_text())
    (binding,) = application["spec"]["components"]
    component["spec"]["containers"] = []
    # what the application gives is what the parameters are here
    values = {entry["name"]: entry["value"] for entry in binding["parameterValues"]}
    for parameter in component["spec"]["parameters"]:
        parameter["default"] = values[parameter["name"]]
    rendering = render_one(Function(), component=component, traits=binding["traits"]).one("Function")["spec"]
    assert (rendering["image"], rendering["handler"]) == ("functions/nodeinfo", "node main.js")
    assert rendering["environment"] == {"write_debug": "false"}
    assert rendering["labels"]["com.openfaas.scale.min"] == rendering["labels"]["com.openfaas.scale.max"] == "2"

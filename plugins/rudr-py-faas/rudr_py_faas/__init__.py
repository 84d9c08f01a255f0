"""Functions for rudr_py, on Knative (the default) and on OpenFaaS.

knative       the workload type serving.knative.dev/v1.Service
revision      a component as the template of its revisions
stock         restrictions of a Knative with default features
openfaas      the workload type openfaas.com/v1alpha2.Function
function      a component as the spec of a Function
environment   the setting `environment`, with values of parameters inside
sizes         a scale as texts of an autoscaler
load          the target load of a range of replicas, in units of each platform
conditions    health from conditions
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_faas.knative import KnativeService
from rudr_py_faas.openfaas import Function

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    return [KnativeService(), Function()]

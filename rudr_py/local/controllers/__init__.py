"""The controllers of the local cluster: workloads, pods, garbage collection, namespaces, quotas.

They access the cluster through `InProcessClient` only. They are stateless, so each can be stopped, started or disabled
at any time. None sends HTTP, reads a clock or sleeps.
"""

from rudr_py.local.controllers.runner import CONTROLLERS, run_controllers
from rudr_py.local.controllers.runtime.context import ControllerSettings
from rudr_py.local.controllers.workloads.containers import PodScript
from rudr_py.local.controllers.workloads.pods import OUTCOME_ANNOTATION, READY_AFTER_ANNOTATION

__all__ = [
    "CONTROLLERS",
    "OUTCOME_ANNOTATION",
    "READY_AFTER_ANNOTATION",
    "ControllerSettings",
    "PodScript",
    "run_controllers",
]

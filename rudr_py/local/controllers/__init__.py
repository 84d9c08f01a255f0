"""The few controllers that make the objects of the local cluster move: workloads, pods, garbage, namespaces.

They see the cluster through `rudr_py.local.objects.Objects` only, as any client would; none keeps truth of its own, so
each can be stopped, started or switched off at any time. None speaks HTTP, reads a clock or sleeps.

the machine    `runner` turns events into keys and keys into reconciles; `controller` says what a controller is,
               `world` what it works with, `queue` and `index` keep the keys, `times` writes dates and conditions
workloads      `deployment` (`rollout`, `deployment_status`), `replicaset`, `statefulset`, `job` (`job_status`),
               `cronjob`, `daemonset`
the node       `pods` (`containers`)
what goes      `gc`, `namespace`
around pods    `pvc`, `endpoints`, `addresses`, `horizontalpodautoscaler`
what holds     `resourcequota`, `disruption`, `aggregation` of roles
"""

from rudr_py.local.controllers.containers import Script
from rudr_py.local.controllers.pods import OUTCOME_ANNOTATION, READY_AFTER_ANNOTATION
from rudr_py.local.controllers.runner import CONTROLLERS, run_controllers
from rudr_py.local.controllers.world import ControllerSettings

__all__ = [
    "CONTROLLERS",
    "OUTCOME_ANNOTATION",
    "READY_AFTER_ANNOTATION",
    "ControllerSettings",
    "Script",
    "run_controllers",
]

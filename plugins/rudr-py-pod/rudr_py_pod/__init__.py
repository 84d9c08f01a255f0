"""Traits for rudr_py that edit the pods of a workload, and objects beside them.

secret_env         secret-env: variables and files from Secrets and ConfigMaps
resources          resources: requests and limits of containers
pod_security       pod-security: the security context of pods and containers
service_account    service-account
extra_containers   the containers that init-container and sidecar add
init_container     init-container
sidecar            sidecar
probes             probes: probes of a container, with a start-up probe
lifecycle          lifecycle: a command before the end, and the grace period
rollout            rollout: how pods are replaced
disruption_budget  disruption-budget
placement          placement: the nodes of the pods
metadata           metadata: labels and annotations
image              image: tag, digest and pull policy
service            service: the type and the ports of the Service
forms              forms of properties that several traits have
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py_pod.disruption_budget import DisruptionBudget
from rudr_py_pod.image import Image
from rudr_py_pod.init_container import InitContainer
from rudr_py_pod.lifecycle import Lifecycle
from rudr_py_pod.metadata import Metadata
from rudr_py_pod.placement import Placement
from rudr_py_pod.pod_security import PodSecurity
from rudr_py_pod.probes import Probes
from rudr_py_pod.resources import Resources
from rudr_py_pod.rollout import Rollout
from rudr_py_pod.secret_env import SecretEnv
from rudr_py_pod.service import Service
from rudr_py_pod.service_account import ServiceAccount
from rudr_py_pod.sidecar import Sidecar

__version__ = "0.1.0"


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    """All traits."""
    return [
        *(DisruptionBudget(), Image(), InitContainer(), Lifecycle(), Metadata(), Placement(), PodSecurity()),
        *(Probes(), Resources(), Rollout(), SecretEnv(), Service(), ServiceAccount(), Sidecar()),
    ]

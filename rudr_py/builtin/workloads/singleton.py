"""The singletons: never more than one replica. StatefulSets, which delete a pod before its successor starts, and a Job.

They support no form of scale.
"""

from __future__ import annotations

from typing import Any

from rudr_py.builtin import kinds
from rudr_py.builtin.workloads.task import BACKOFF_LIMIT
from rudr_py.builtin.workloads.workload import SCALED, CoreWorkload


def _stateful_set(selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
    # replicas is the default, and set so that another value is reverted; schemas before Kubernetes 1.33 require
    # serviceName, and it cannot be changed later
    return {"replicas": 1, "serviceName": "", "selector": {"matchLabels": selector}, "template": template}


class SingletonServer(CoreWorkload):
    """A service that runs permanently, listens on a port, and must not run twice at a time."""

    name = "core.oam.dev/v1alpha1.SingletonServer"
    produces = (kinds.CONFIG_MAP, kinds.STATEFUL_SET, kinds.SERVICE)
    provides = frozenset({"pods", "pod-template", "service"})
    kind = kinds.STATEFUL_SET
    observes = SCALED
    label = "SingletonServer"
    config_label = "singleton-service"
    listens = True

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A StatefulSet of one replica."""
        return _stateful_set(selector, template)


class SingletonWorker(CoreWorkload):
    """A service that runs permanently without a listening port, and must not run twice at a time."""

    name = "core.oam.dev/v1alpha1.SingletonWorker"
    produces = (kinds.CONFIG_MAP, kinds.STATEFUL_SET)
    provides = frozenset({"pods", "pod-template"})
    kind = kinds.STATEFUL_SET
    observes = SCALED
    label = "SingletonWorker"
    config_label = "SingletonWorker"

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A StatefulSet of one replica."""
        return _stateful_set(selector, template)


class SingletonTask(CoreWorkload):
    """Code that runs to completion, once per change of its inputs, in one pod."""

    name = "core.oam.dev/v1alpha1.SingletonTask"
    produces = (kinds.CONFIG_MAP, kinds.JOB)
    provides = frozenset({"pods", "pod-template"})
    kind = kinds.JOB
    label = "SingletonTask"
    config_label = "SingletonTask"
    restart = "Never"
    run_once = True

    def spec(self, selector: dict[str, str], template: dict[str, Any]) -> dict[str, Any]:
        """A Job of one pod; both counts are the defaults, and set so that another parallelism is reverted."""
        del selector
        return {"backoffLimit": BACKOFF_LIMIT, "completions": 1, "parallelism": 1, "template": template}

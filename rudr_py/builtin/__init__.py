"""The standard types: the workloads and scopes of OAM and the traits of Rudr, loaded like every other plugin.

The package uses `rudr_py.api` only and is an example for plugin authors. Object names, labels and fields are those of
Rudr, so that running Rudr applications are adopted without a restart of their pods.

replicated, task, singleton          the workload types
workload                             their base class: labels, Service, order of objects, health
pod, container, config_files,        a ComponentSchematic as a pod template and the objects that pods need
volumes
manual_scaler, auto_scaler,          the traits
ingress, volume_mounter, empty
health_scope, network_scope          the scopes
member_probes, spelling              endpoints of a health scope; other spellings of scopes' properties
labels, kinds                        Rudr's labels; kinds
"""

from __future__ import annotations

from typing import Any

from rudr_py.api import Type, hookimpl
from rudr_py.builtin.scopes.health_scope import HealthScope
from rudr_py.builtin.scopes.network_scope import NetworkScope
from rudr_py.builtin.traits.auto_scaler import AutoScaler
from rudr_py.builtin.traits.empty import Empty
from rudr_py.builtin.traits.ingress import Ingress
from rudr_py.builtin.traits.manual_scaler import ManualScaler
from rudr_py.builtin.traits.volume_mounter import VolumeMounter
from rudr_py.builtin.workloads.replicated import Server, Worker
from rudr_py.builtin.workloads.singleton import SingletonServer, SingletonTask, SingletonWorker
from rudr_py.builtin.workloads.task import Task


@hookimpl
def rudr_register_types() -> list[Type[Any]]:
    """The six core workload types, the standard traits and the core scopes."""
    return [
        Server(),
        SingletonServer(),
        Worker(),
        SingletonWorker(),
        Task(),
        SingletonTask(),
        ManualScaler(),
        AutoScaler(),
        Ingress(),
        VolumeMounter(),
        Empty(),
        HealthScope(),
        NetworkScope(),
    ]

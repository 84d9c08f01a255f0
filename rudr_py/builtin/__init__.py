"""The standard types: the workloads and scopes of OAM and the traits of Rudr, through the same door as anyone's plugin.

Everything here is built with `rudr_py.api` alone, and is the example to copy from. Object names, labels and
fields are Rudr's, so that a running Rudr application can be taken over without restarting its pods.

server, worker, task, singleton      the workload types
workload                             what they share: labels, order of objects, health
pod, container, config_files,        a ComponentSchematic as pods and what pods need
volumes, service
scaling                              a merged size as fields
manual_scaler, auto_scaler,          the traits
ingress, volume_mounter, empty
health_scope, network_scope          the scopes
member_probes, spelling              what a health scope asks; other spellings of scopes' properties
labels, kinds, problem               Rudr's labels; names of kinds; the form of a problem
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
from rudr_py.builtin.workloads.server import Server
from rudr_py.builtin.workloads.singleton import SingletonServer, SingletonTask, SingletonWorker
from rudr_py.builtin.workloads.task import Task
from rudr_py.builtin.workloads.worker import Worker


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

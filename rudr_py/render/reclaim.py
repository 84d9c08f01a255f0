"""Decide whether an object without owner is deleted with its application, by its current documents. Pure.

Annotations and the last status do not count: they may be older than the documents. A binding that cannot be read
deletes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from rudr_py.api import Ref
from rudr_py.catalog import Catalog
from rudr_py.errors import PluginCallError
from rudr_py.model import paths
from rudr_py.render import prepare
from rudr_py.render.prepare import PreparedTrait
from rudr_py.render.values import labels
from rudr_py.render.values.inputs import Inputs
from rudr_py.render.values.plan import Plan

IsReclaimed = Callable[[Ref, str], bool]
"""The object and the value of its instance label -> whether the documents delete it with the application."""


def is_reclaimed(inputs: Inputs, catalog: Catalog, plan: Plan, ref: Ref, instance_label: str) -> bool:
    """Whether the documents delete an object with the application.

    A valid plan contains the answer. Otherwise, and for an instance that is held, the properties of the traits decide:
    a deleted component does not change the application document.
    """
    name = inputs.application.metadata.name
    held = {labels.labels(name, instance.name)[labels.INSTANCE] for instance in plan.held_instances}
    if not plan.problems and instance_label not in held:
        return any(
            planned.reclaim
            and planned.ref == ref
            and planned.body["metadata"]["labels"].get(labels.INSTANCE, "") == instance_label
            for planned in plan.manifests
        )
    application = inputs.application
    indices = [
        index
        for index, binding in enumerate(application.components)
        if labels.labels(application.metadata.name, binding.instance_name).get(labels.INSTANCE, "") == instance_label
    ]
    if len(indices) != 1 or not _is_readable(inputs, indices[0]):
        return False
    (index,) = indices
    name = application.components[index].instance_name
    return any(_reclaims(trait, name, ref) for trait in prepare.valid_traits(inputs, catalog, index))


def _is_readable(inputs: Inputs, index: int) -> bool:
    """Whether the parser reported no problem inside or around this binding."""
    path = paths.child("$", "spec", "components", index)
    problems = [problem.path for problem in inputs.parsed.problems]
    return not any(paths.below(problem, path) or paths.below(path, problem) for problem in problems)


def _reclaims(trait: PreparedTrait, instance: str, ref: Ref) -> bool:
    offer = trait.offer
    try:
        properties = offer.load(trait.properties)
        return bool(offer.call(lambda: offer.type.is_reclaimed(properties, instance, ref), returns=bool))
    except (ValueError, PluginCallError):
        return False

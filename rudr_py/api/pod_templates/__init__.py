"""The pod template of a component, as Server and Worker have it, for every workload type that runs pods.

template = pod_template(ctx)
spec = {"selector": {"matchLabels": selector_labels(ctx)}, "template": template.document}
return Rendered(add=(*template.config_maps, Manifest(kind=DEPLOYMENT, name=ctx.instance, body={"spec": spec})))
"""

from __future__ import annotations

from rudr_py.api.pod_templates.exclusive_volumes import limited_scale
from rudr_py.api.pod_templates.template import (
    APPLICATION_LABEL,
    INSTANCE_LABEL,
    PodTemplate,
    pod_template,
    problems,
    selector_labels,
    watched_labels,
)
from rudr_py.api.pod_templates.volumes import exclusive

__all__ = [
    "APPLICATION_LABEL",
    "INSTANCE_LABEL",
    "PodTemplate",
    "exclusive",
    "limited_scale",
    "pod_template",
    "problems",
    "selector_labels",
    "watched_labels",
]

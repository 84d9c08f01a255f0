"""Keys of labels and annotations, and the finalizer, of rudr's objects. All of them are permanent."""

from __future__ import annotations

from typing import Final

MANAGED_BY_LABEL: Final = "app.kubernetes.io/managed-by"
"""The label of all objects of the controller; MANAGER is its value."""

MANAGER: Final = "rudr"

APPLICATION_LABEL: Final = "app.kubernetes.io/name"
WORKLOAD_TYPE_LABEL: Final = "oam.dev/workload-type"
INSTANCE_LABEL: Final = "oam.dev/instance-name"

COMPONENT_UPDATES_ANNOTATION: Final = "rudr.oam.dev/component-updates"
"""Set by the user on an application: whether it takes changes of its components, `automatic` or `manual`."""

PROMOTED_ANNOTATION: Final = "rudr.oam.dev/promoted"
"""Set by the user on an application with manual updates: the contents of components that it takes, as NAME@DIGEST."""

INPUTS_ANNOTATION: Final = "rudr.oam.dev/inputs"
"""The digest of the inputs of an object that runs once."""

DEPENDS_ON_ANNOTATION: Final = "rudr.oam.dev/depends-on"
"""The instances on which the instance of a ComponentInstance depends, with commas."""

IGNORE_DIFFERENCES_ANNOTATION: Final = "rudr.oam.dev/ignore-differences"
"""Set by the user on an application: fields of its objects that are left to other managers."""

PACKAGE_ANNOTATION: Final = "rudr.oam.dev/package"
"""The package of a published type, with its version."""

PAUSED_ANNOTATION: Final = "rudr.oam.dev/paused"
"""Set to "true" by the user on an application: stops all writes to its objects."""

POD_ANNOTATIONS_ANNOTATION: Final = "rudr.oam.dev/pod-annotations"
"""Set by the user on a component: lists the annotations that its pods get."""

REMOVAL_ANNOTATION: Final = "rudr.oam.dev/removal"
"""Set by the user on an application: when instances and objects are deleted that a change of its documents removes."""

SENSITIVE_ANNOTATION: Final = "rudr.oam.dev/sensitive"
"""Set by the user on an application or a component: names whose values commands do not print, with commas."""

SERVICE_ACCOUNT_ANNOTATION: Final = "rudr.oam.dev/service-account"
"""Set by the user on an application or a namespace: the service account that writes the objects of applications."""

SCHEMA_ANNOTATION: Final = "rudr.oam.dev/schema"
"""The JSON Schema of the settings or parameters of a published type."""

PREFIX: Final = "rudr.oam.dev/"
"""The prefix of all annotations of rudr; documents with others of this prefix have a misspelled one."""

DOCUMENT_ANNOTATIONS: Final = (
    COMPONENT_UPDATES_ANNOTATION,
    IGNORE_DIFFERENCES_ANNOTATION,
    PAUSED_ANNOTATION,
    POD_ANNOTATIONS_ANNOTATION,
    PROMOTED_ANNOTATION,
    REMOVAL_ANNOTATION,
    SENSITIVE_ANNOTATION,
    SERVICE_ACCOUNT_ANNOTATION,
)
"""The annotations that users set on documents."""

ORDER: Final = "rudr.oam.dev/order"
"""The finalizer of an application whose instances are deleted in order."""

RECLAIM: Final = "rudr.oam.dev/reclaim"
"""The finalizer of an application that has objects to delete with it, and the annotation of these objects."""

ENFORCE_LABEL: Final = "pod-security.kubernetes.io/enforce"
"""A label of a namespace: the Pod Security Standard that its pods must satisfy."""

"""The annotations of a component that its pods get: those of programs that read pods, not notes and records of tools.

Every change of a pod template replaces its pods, so an annotation that no program reads on a pod must not be part of
one. Kubernetes reserves keys without a prefix for people, and programs use a prefix that is a domain of theirs.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from typing import Final

from rudr_py.model import metadata_keys

TOOLS: Final = frozenset(
    (
        # kubectl, kustomize and what Kubernetes records on objects
        "kubectl.kubernetes.io",
        "deployment.kubernetes.io",
        "config.kubernetes.io",
        "config.k8s.io",
        "applyset.kubernetes.io",
        "app.kubernetes.io",
        # delivery
        "argoproj.io",
        "fluxcd.io",
        "helm.sh",
        "k14s.io",
        "carvel.dev",
        "cattle.io",
        "cli-utils.sigs.k8s.io",
        "configmanagement.gke.io",
        "configsync.gke.io",
        "crossplane.io",
        "garden.io",
        "keel.sh",
        "kluctl.io",
        "kpt.dev",
        "pulumi.com",
        "skaffold.dev",
        "tanka.dev",
        "tilt.dev",
        "werf.io",
        # operators' records, and descriptions for people and consoles
        "kopf.zalando.org",
        "oam.dev",
        "a8r.io",
        "app.openshift.io",
        "backstage.io",
    )
)
"""Domains of tools that annotate the objects they manage; their subdomains are included."""

RECORDS: Final = frozenset({"kubernetes.io/change-cause"})
"""Annotations of tools in a domain that pods use, too."""

READ_ON_PODS: Final = frozenset(
    {"kubectl.kubernetes.io/default-container", "kubectl.kubernetes.io/default-logs-container"}
)
"""Annotations in the domain of a tool that are read on pods."""

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
"""kubectl's copy of the whole document; it is never copied, because it changes with every change."""


POD_ANNOTATIONS_ANNOTATION: Final = metadata_keys.POD_ANNOTATIONS_ANNOTATION
"""The annotation that lists the annotations for pods."""

MAX_PATTERNS: Final = 100
"""Maximum number of keys and patterns in the annotation `rudr.oam.dev/pod-annotations`; further ones have no effect."""


def patterns(annotations: Mapping[str, str]) -> tuple[str, ...]:
    """The keys and patterns of the annotation `rudr.oam.dev/pod-annotations`, without repetitions."""
    listed = annotations.get(POD_ANNOTATIONS_ANNOTATION, "")
    return tuple(dict.fromkeys(pattern.strip() for pattern in listed.split(",")))


def copied(annotations: Mapping[str, str]) -> dict[str, str]:
    """The annotations of a component that its pods get: those with a prefix, except those of `TOOLS`.

    The annotation `rudr.oam.dev/pod-annotations` replaces this rule: it lists the keys, separated by commas, in which
    `*` stands for any characters. Without any key the pods get none.
    """
    if POD_ANNOTATIONS_ANNOTATION not in annotations:
        return {key: value for key, value in annotations.items() if is_for_pods(key)}
    listed = patterns(annotations)[:MAX_PATTERNS]
    return {key: value for key, value in annotations.items() if key != LAST_APPLIED and _matches(key, listed)}


def is_for_pods(key: str) -> bool:
    """Whether an annotation is copied to pods unless the component lists the annotations to copy."""
    prefix, slash, _ = key.partition("/")
    if not slash or key in RECORDS:
        return False
    return key in READ_ON_PODS or not any(prefix == tool or prefix.endswith(f".{tool}") for tool in TOOLS)


def _matches(key: str, listed: Iterable[str]) -> bool:
    return key != POD_ANNOTATIONS_ANNOTATION and any(fnmatch.fnmatchcase(key, pattern) for pattern in listed)

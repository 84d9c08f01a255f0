"""The metadata of an object: its name by its kind, its labels and its annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from rudr_py.render.limits import syntax
from rudr_py.render.limits.violation import Violation, mapping

ANNOTATION_BYTES: Final = 256 * 2**10
"""Maximum of the keys and values of all annotations of an object."""

STATEFUL_SET_NAME: Final = 52
"""Its pods have the label controller-revision-hash, whose value is the name, a dash and ten digits."""

CRON_JOB_SUFFIX: Final = 11
"""The characters that the names of Jobs of a CronJob add to its name."""

CRON_JOB_NAME: Final = syntax.LABEL_LENGTH - CRON_JOB_SUFFIX


def _stateful_set(name: str) -> str:
    wrong = syntax.label(name, STATEFUL_SET_NAME)
    return f"{wrong} in the name of a StatefulSet" if wrong else ""


def _cron_job(name: str) -> str:
    wrong = syntax.subdomain(name, CRON_JOB_NAME)
    return f"{wrong} in the name of a CronJob" if wrong else ""


def _job(name: str) -> str:
    """The name of a Job is the value of a label of its pods."""
    wrong = syntax.subdomain(name, syntax.LABEL_LENGTH)
    return f"{wrong} in the name of a Job" if wrong else ""


def _service(name: str) -> str:
    wrong = syntax.service_name(name)
    return f"{wrong} in the name of a Service" if wrong else ""


_NAMES: Final[dict[tuple[str, str], Callable[[str], str]]] = {
    ("apps", "StatefulSet"): _stateful_set,
    ("batch", "CronJob"): _cron_job,
    ("batch", "Job"): _job,
    ("", "Service"): _service,
    ("", "Namespace"): syntax.label,
}
"""The rules of kinds, by API group, whose name is not just a DNS subdomain."""


def check(group: str, kind: str, metadata: Mapping[str, Any]) -> Iterator[Violation]:
    """The violations of the name, the labels and the annotations."""
    name = str(metadata.get("name", ""))
    wrong = _NAMES.get((group, kind), syntax.subdomain)(name)
    if wrong:
        yield Violation("metadata.name", wrong, name)
    yield from labels_and_annotations(metadata, "metadata")


def labels_and_annotations(metadata: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """The violations of the labels and annotations at `path`."""
    yield from labels(mapping(metadata, "labels"), f"{path}.labels")
    annotations = mapping(metadata, "annotations")
    for key in annotations:
        if wrong := syntax.key(key.lower()):
            yield Violation(f"{path}.annotations", wrong, key)
    size = sum(len(f"{key}{value}".encode("utf-8", "surrogatepass")) for key, value in annotations.items())
    if size > ANNOTATION_BYTES:
        message = f"all annotations together have {size} bytes; at most {ANNOTATION_BYTES} are allowed"
        yield Violation(f"{path}.annotations", message)


def labels(values: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """The violations of labels, or of a selector by labels, at `path`."""
    for key, value in values.items():
        if wrong := syntax.key(key):
            yield Violation(path, wrong, key)
        if isinstance(value, str) and (wrong := syntax.label_value(value)):
            yield Violation(f"{path}[{key}]", wrong, value)

"""The target `quadlet` of `rudr export`."""

from __future__ import annotations

from rudr_py.api.targets import ExportContext, Exported, ExportTarget, Finding, RenderedObject
from rudr_py_podman import quadlet
from rudr_py_podman.engine import Podman
from rudr_py_podman.quadlet import Application


class Quadlet(ExportTarget):
    """The objects that are no part of a file are those with a finding."""

    description = "Quadlet units for podman and systemd on one machine."
    engines = (Podman(),)

    def export(self, context: ExportContext) -> Exported:
        """The files of an application, to be copied into /etc/containers/systemd or ~/.config/containers/systemd."""
        objects = tuple(rendered.body for rendered in context.objects)
        exported = quadlet.export(Application(name=context.application, objects=objects))
        findings = tuple(
            Finding(ref=RenderedObject(body=each.document).ref, message=each.message, severity=each.severity)
            for each in exported.findings
        )
        covered = frozenset(each.ref for each in context.objects if quadlet.is_supported(each.ref.kind.kind))
        return Exported(files=exported.files, covered=covered, findings=findings)


target = Quadlet()
"""The entry point `quadlet` of the group `rudr_py.targets`."""

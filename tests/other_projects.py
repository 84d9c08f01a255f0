"""The names of custom resources of other projects, as their CRDs declare them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class OtherKind:
    """A custom kind of another project."""

    project: str
    group: str
    kind: str
    plural: str
    short_names: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All names that kubectl resolves."""
        return frozenset({self.plural, self.kind.lower(), *self.short_names})

    @property
    def definition(self) -> dict[str, Any]:
        """A CRD with these names and any content."""
        names = {
            "kind": self.kind,
            "listKind": f"{self.kind}List",
            "plural": self.plural,
            "singular": self.kind.lower(),
        }
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        return {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{self.plural}.{self.group}"},
            "spec": {
                "group": self.group,
                "scope": "Namespaced",
                "names": {**names, "shortNames": list(self.short_names)},
                "versions": [version],
            },
        }


# project, group, kind, plural, short names
_TABLE = """
KubeVela core.oam.dev Application applications app velaapp
KubeVela core.oam.dev ApplicationRevision applicationrevisions apprev
KubeVela core.oam.dev ComponentDefinition componentdefinitions comp
KubeVela core.oam.dev DefinitionRevision definitionrevisions defrev
KubeVela core.oam.dev Policy policies
KubeVela core.oam.dev PolicyDefinition policydefinitions def-policy
KubeVela core.oam.dev ResourceTracker resourcetrackers rt
KubeVela core.oam.dev ScopeDefinition scopedefinitions scope
KubeVela core.oam.dev TraitDefinition traitdefinitions trait
KubeVela core.oam.dev Workflow workflows
KubeVela core.oam.dev WorkflowStepDefinition workflowstepdefinitions workflowstep
KubeVela core.oam.dev WorkloadDefinition workloaddefinitions workload
OAM-runtime core.oam.dev Component components
OAM-runtime core.oam.dev ContainerizedWorkload containerizedworkloads
OAM-runtime core.oam.dev ManualScalerTrait manualscalertraits
Knative serving.knative.dev Configuration configurations config cfg
Knative serving.knative.dev DomainMapping domainmappings dm
Knative serving.knative.dev Revision revisions rev
Knative serving.knative.dev Route routes rt
Knative serving.knative.dev Service services kservice ksvc
Knative eventing.knative.dev Trigger triggers
Crossplane apiextensions.crossplane.io Composition compositions comp
Crossplane apiextensions.crossplane.io CompositeResourceDefinition compositeresourcedefinitions xrd xrds
Crossplane pkg.crossplane.io Configuration configurations
Crossplane pkg.crossplane.io Function functions
Crossplane pkg.crossplane.io Provider providers
Dapr dapr.io Component components
Dapr dapr.io Configuration configurations
Istio networking.istio.io DestinationRule destinationrules dr
Istio networking.istio.io Gateway gateways gw
Istio networking.istio.io ServiceEntry serviceentries se
Istio networking.istio.io VirtualService virtualservices vs
Istio networking.istio.io WorkloadEntry workloadentries we
Istio networking.istio.io WorkloadGroup workloadgroups wg
Istio security.istio.io AuthorizationPolicy authorizationpolicies ap
Istio security.istio.io PeerAuthentication peerauthentications pa
Argo argoproj.io Application applications app apps
Argo argoproj.io ApplicationSet applicationsets appset appsets
Argo argoproj.io AppProject appprojects appproj appprojs
Argo argoproj.io Rollout rollouts ro
Argo argoproj.io Workflow workflows wf
Flux helm.toolkit.fluxcd.io HelmRelease helmreleases hr
Flux kustomize.toolkit.fluxcd.io Kustomization kustomizations ks
Flux source.toolkit.fluxcd.io GitRepository gitrepositories gitrepo
cert-manager cert-manager.io Certificate certificates cert certs
cert-manager cert-manager.io CertificateRequest certificaterequests cr crs
cert-manager cert-manager.io Issuer issuers
Prometheus monitoring.coreos.com Alertmanager alertmanagers am
Prometheus monitoring.coreos.com PodMonitor podmonitors pmon
Prometheus monitoring.coreos.com Probe probes prb
Prometheus monitoring.coreos.com PrometheusRule prometheusrules promrule
Prometheus monitoring.coreos.com ServiceMonitor servicemonitors smon
Gateway-API gateway.networking.k8s.io Gateway gateways gtw
Gateway-API gateway.networking.k8s.io GatewayClass gatewayclasses gc
Gateway-API gateway.networking.k8s.io HTTPRoute httproutes
KEDA keda.sh ScaledJob scaledjobs sj
KEDA keda.sh ScaledObject scaledobjects so
KEDA keda.sh TriggerAuthentication triggerauthentications ta triggerauth
Application app.k8s.io Application applications app
"""


def kinds() -> Iterator[OtherKind]:
    """Every kind of the table."""
    for line in _TABLE.strip().splitlines():
        project, group, kind, plural, *short_names = line.split()
        yield OtherKind(project, group, kind, plural, tuple(short_names))


def of_project(name: str) -> list[OtherKind]:
    """The kinds of one project."""
    return [kind for kind in kinds() if kind.project == name]

"""The built-in kinds: plurals, short names, scopes and subresources, which the published schemas do not contain.

A kind is served if the schemas of the release define it; only stable versions are. `strategies` has the behaviour of
kinds, `printing` their columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, partial

import msgspec

from rudr_py.local.registry.resources import Resource, ScalePaths
from rudr_py.local.schema.builtin import BuiltinSchemas

_DEPRECATED = {("v1", "Endpoints"): (33, "discovery.k8s.io/v1 EndpointSlice")}
"""Kinds that are deprecated since a minor release, and their replacement."""


def _deprecation(api_version: str, kind: str, minor: int) -> str:
    since, replacement = _DEPRECATED.get((api_version, kind), (minor + 1, ""))
    return f"{api_version} {kind} is deprecated in v1.{since}+; use {replacement}" if since <= minor else ""


# group/version plural kind scope(N|C) short-names subresources categories; "-" is none.
# A kind in several versions names the preferred one first.
_TABLE = """
v1 configmaps ConfigMap N cm - -
v1 endpoints Endpoints N ep - -
v1 events Event N ev - -
v1 limitranges LimitRange N limits - -
v1 namespaces Namespace C ns status,finalize -
v1 nodes Node C no status -
v1 persistentvolumeclaims PersistentVolumeClaim N pvc status -
v1 persistentvolumes PersistentVolume C pv status -
v1 pods Pod N po status,attach,binding,ephemeralcontainers,eviction,exec,log,portforward,proxy,resize all
v1 podtemplates PodTemplate N - - -
v1 replicationcontrollers ReplicationController N rc status,scale all
v1 resourcequotas ResourceQuota N quota status -
v1 secrets Secret N - - -
v1 serviceaccounts ServiceAccount N sa token -
v1 services Service N svc status,proxy all
apiregistration.k8s.io/v1 apiservices APIService C - status api-extensions
apps/v1 controllerrevisions ControllerRevision N - - -
apps/v1 daemonsets DaemonSet N ds status all
apps/v1 deployments Deployment N deploy status,scale all
apps/v1 replicasets ReplicaSet N rs status,scale all
apps/v1 statefulsets StatefulSet N sts status,scale all
events.k8s.io/v1 events Event N ev - -
authentication.k8s.io/v1 tokenreviews TokenReview C - create -
authentication.k8s.io/v1 selfsubjectreviews SelfSubjectReview C - create -
authorization.k8s.io/v1 localsubjectaccessreviews LocalSubjectAccessReview N - create -
authorization.k8s.io/v1 selfsubjectaccessreviews SelfSubjectAccessReview C - create -
authorization.k8s.io/v1 selfsubjectrulesreviews SelfSubjectRulesReview C - create -
authorization.k8s.io/v1 subjectaccessreviews SubjectAccessReview C - create -
autoscaling/v2 horizontalpodautoscalers HorizontalPodAutoscaler N hpa status all
autoscaling/v1 horizontalpodautoscalers HorizontalPodAutoscaler N hpa status all
batch/v1 cronjobs CronJob N cj status all
batch/v1 jobs Job N - status all
certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest C csr status -
networking.k8s.io/v1 ingressclasses IngressClass C - - -
networking.k8s.io/v1 ingresses Ingress N ing status -
networking.k8s.io/v1 ipaddresses IPAddress C ip - -
networking.k8s.io/v1 networkpolicies NetworkPolicy N netpol - -
networking.k8s.io/v1 servicecidrs ServiceCIDR C - status -
policy/v1 poddisruptionbudgets PodDisruptionBudget N pdb status -
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding C - - -
rbac.authorization.k8s.io/v1 clusterroles ClusterRole C - - -
rbac.authorization.k8s.io/v1 rolebindings RoleBinding N - - -
rbac.authorization.k8s.io/v1 roles Role N - - -
storage.k8s.io/v1 csidrivers CSIDriver C - - -
storage.k8s.io/v1 csinodes CSINode C - - -
storage.k8s.io/v1 csistoragecapacities CSIStorageCapacity N - - -
storage.k8s.io/v1 storageclasses StorageClass C sc - -
storage.k8s.io/v1 volumeattachments VolumeAttachment C - status -
storage.k8s.io/v1 volumeattributesclasses VolumeAttributesClass C vac - -
admissionregistration.k8s.io/v1 mutatingadmissionpolicies MutatingAdmissionPolicy C - - api-extensions
admissionregistration.k8s.io/v1 mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding C - - api-extensions
admissionregistration.k8s.io/v1 mutatingwebhookconfigurations MutatingWebhookConfiguration C - - api-extensions
admissionregistration.k8s.io/v1 validatingadmissionpolicies ValidatingAdmissionPolicy C - status api-extensions
admissionregistration.k8s.io/v1 validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding C - - api-extensions
admissionregistration.k8s.io/v1 validatingwebhookconfigurations ValidatingWebhookConfiguration C - - api-extensions
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition C crd,crds status api-extensions
scheduling.k8s.io/v1 priorityclasses PriorityClass C pc - -
coordination.k8s.io/v1 leases Lease N - - -
node.k8s.io/v1 runtimeclasses RuntimeClass C - - -
discovery.k8s.io/v1 endpointslices EndpointSlice N - - -
flowcontrol.apiserver.k8s.io/v1 flowschemas FlowSchema C - status -
flowcontrol.apiserver.k8s.io/v1 prioritylevelconfigurations PriorityLevelConfiguration C - status -
resource.k8s.io/v1 deviceclasses DeviceClass C - - -
resource.k8s.io/v1 resourceclaims ResourceClaim N - status -
resource.k8s.io/v1 resourceclaimtemplates ResourceClaimTemplate N - - -
resource.k8s.io/v1 resourceslices ResourceSlice C - - -
"""

CRD_TABLE = "customresourcedefinitions.apiextensions.k8s.io"
CRD_FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
EVENTS_TABLE = "events"
"""Events of core/v1 and events.k8s.io/v1 are stored in one table."""
EVENT_LIFETIME = 3600.0
"""Seconds after which an event that did not occur again is deleted."""

_STORED_UNDER = {"events.events.k8s.io": (EVENTS_TABLE, "v1")}
_SCALE = ScalePaths(selector=".spec.selector")
_REVIEW = ("create",)


def _names(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))


def builtin(schemas: BuiltinSchemas) -> Iterator[Resource]:
    """Yield the built-in resources of a release, in the order of discovery."""
    lookup = schemas.node
    minor = int(schemas.release.partition(".")[2])
    stored: dict[str, str] = {}
    for line in _TABLE.strip().splitlines():
        api_version, plural, kind, scope, short, subresources, categories = line.split()
        group, _, version = api_version.rpartition("/")
        if lookup(api_version, kind) is None:
            continue
        group_resource = f"{plural}.{group}" if group else plural
        table, storage = _STORED_UNDER.get(group_resource, (group_resource, stored.setdefault(group_resource, version)))
        extras = _names(subresources)
        virtual = extras == _REVIEW
        resource = Resource(
            group=group,
            version=version,
            kind=kind,
            plural=plural,
            singular=kind.lower(),
            namespaced=scope == "N",
            list_kind=f"{kind}List",
            short_names=_names(short),
            categories=_names(categories),
            status="status" in extras,
            scale=_SCALE if "scale" in extras else None,
            subresources=tuple(each for each in extras if each not in ("status", "scale", "create")),
            schema=cache(partial(lookup, api_version, kind)),
            table=table,
            storage_version=storage,
            deprecation=_deprecation(api_version, kind, minor),
        )
        yield msgspec.structs.replace(resource, verbs=_REVIEW) if virtual else resource

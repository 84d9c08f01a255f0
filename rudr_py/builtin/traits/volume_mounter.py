"""volume-mounter: the claim for a volume of the component, see `api.claims` for its name.

Rudr deleted claims and their data with the application; here they are retained by default.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

import msgspec
from msgspec import UNSET, UnsetType

from rudr_py.api import (
    Health,
    Manifest,
    Problem,
    Ref,
    Rendered,
    Trait,
    TraitContext,
    claims,
    get_in,
    kstatus,
    naming,
    reject,
)
from rudr_py.api.claims import InstanceClaims
from rudr_py.api.component import Volume
from rudr_py.api.pod_templates import volumes
from rudr_py.builtin import kinds, labels

DEFAULT_SIZE = "200M"
"""The size of a claim for a volume that names no disk, as in Rudr."""

CLAIM_NAME = r"^([a-z0-9]([a-z0-9.-]*[a-z0-9])?)?$"
"""Regular expression of names of claims, and of the empty name."""

SHARED_WITH = r"^(\*|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)$"
"""Regular expression of a name of an application, and of `*`."""


class Claim(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A volume, and the storage for it."""

    volume_name: Annotated[
        str,
        msgspec.Meta(
            min_length=1, description="The name of the component's volume; case-insensitive.", examples=["data"]
        ),
    ]
    storage_class: Annotated[
        str | UnsetType,
        msgspec.Meta(
            description='The StorageClass of a new claim, required without claimName; "" uses an existing volume and '
            "provisions none.",
            examples=["standard"],
        ),
    ] = UNSET
    claim_name: Annotated[
        str,
        msgspec.Meta(
            max_length=253,
            pattern=CLAIM_NAME,
            description="The name of an existing claim of the namespace, which the pods mount. It is not created, "
            "changed or deleted, unless adopt is true.",
        ),
    ] = ""
    adopt: Annotated[
        bool,
        msgspec.Meta(
            description="Whether the claim that claimName names is taken over from its former owner: its labels then "
            "name this instance, reclaim applies to it, and claimName may be removed. It keeps its size, access modes "
            "and StorageClass. A claim that another application uses is not taken over.",
        ),
    ] = False
    reclaim: Annotated[
        Literal["retain", "delete"],
        msgspec.Meta(description="Whether the claim and its data are retained or deleted with the application."),
    ] = "retain"
    shared_with: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=SHARED_WITH)], ...],
        msgspec.Meta(
            description="The other applications of the namespace that may mount the claim with claimName; * for all. "
            "Without it, none may while this application exists.",
        ),
    ] = ()


class VolumeMounterProperties(Claim, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """A volume and its storage, and a list of further volumes. The trait may also be attached several times."""

    volumes: Annotated[tuple[Claim, ...], msgspec.Meta(description="Further volumes of the component.")] = ()

    def claims(self) -> Iterator[tuple[str, Claim]]:
        """All claims with their JSON paths; the short form is the first."""
        yield "$", self
        for index, claim in enumerate(self.volumes):
            yield f"$.volumes[{index}]", claim


class VolumeMounter(Trait[VolumeMounterProperties]):
    """Gives volumes of the component storage that outlives its pods."""

    name = claims.VOLUME_MOUNTER
    aliases = ("VolumeMounter",)
    properties = VolumeMounterProperties
    renamed_properties: ClassVar[Mapping[str, str]] = {"volume_name": "volumeName", "storage_class": "storageClass"}
    requires = frozenset({"pods"})
    repeatable = True
    produces = (kinds.CLAIM,)

    def render(self, ctx: TraitContext[VolumeMounterProperties]) -> Rendered:
        """The claims of the volumes, without existing claims of other owners and those that do not exist yet."""
        declared = {name.lower(): (name, uses) for name, uses in volumes.by_name(ctx.component).items()}
        problems = list(_problems(ctx, declared))
        reject(problems)
        instance_claims = InstanceClaims(ctx)
        manifests = (
            _claim(ctx, instance_claims, claim, *declared[claim.volume_name.lower()])
            for _, claim in ctx.properties.claims()
        )
        return Rendered(add=tuple(manifest for manifest in manifests if manifest is not None))

    def health(self, ctx: TraitContext[VolumeMounterProperties]) -> Health:
        """The default health, and whether existing claims of other owners can be mounted."""
        health = super().health(ctx)
        if not health.ok:
            return health
        return next(filter(None, (_existing_problem(ctx, claim) for _, claim in ctx.properties.claims())), health)

    def is_reclaimed(self, properties: VolumeMounterProperties, instance: str, ref: Ref) -> bool:
        """Whether `reclaim` of the volume's claim is `delete`."""
        # a claim of another owner has the default, retain
        reclaims = {claim.reclaim for _, claim in properties.claims() if ref.name in _names(claim, instance)}
        return ref.kind == kinds.CLAIM and reclaims == {"delete"}


def _existing_problem(ctx: TraitContext[VolumeMounterProperties], claim: Claim) -> Health | None:
    """The health of an existing claim that pods cannot mount; None for a usable claim, and for one of the instance."""
    ref = Ref(kinds.CLAIM, claim.claim_name)
    if not claim.claim_name or any(manifest.ref == ref for manifest in ctx.manifests):
        return None
    document = ctx.existing(ref)
    if document is None:
        return Health("progressing", "ClaimNotFound", f"{ref} does not exist; create it, or correct claimName")
    health = kstatus.assess(document)
    return None if health.ok else Health(health.state, health.reason, f"{ref}: {health.message or health.reason}")


def _names(claim: Claim, instance: str) -> tuple[str, ...]:
    """The names that the claim of an instance may have."""
    volume = claim.volume_name.lower()
    return (claim.claim_name,) if claim.claim_name else (volume, claims.new_name(instance, volume))


def _problems(
    ctx: TraitContext[VolumeMounterProperties], declared: Mapping[str, tuple[str, tuple[Volume, ...]]]
) -> Iterator[Problem]:
    listed = f"it has {', '.join(name for name, _ in declared.values())}" if declared else "it has none"
    total = Counter(request.volume for request in claims.requests(ctx))
    listed_here = Counter(claim.volume_name.lower() for _, claim in ctx.properties.claims())
    seen: set[str] = set()
    for base, claim in ctx.properties.claims():
        name = claim.volume_name.lower()
        if name not in declared:
            message = f'component {ctx.component.metadata.name} has no volume "{claim.volume_name}"; {listed}'
            yield Problem(message, path=f"{base}.volumeName")
        elif name in seen or total[name] > listed_here[name]:
            yield Problem(
                f'volume "{claim.volume_name}" is listed twice; a volume has one claim', path=f"{base}.volumeName"
            )
        elif volumes.is_ephemeral(declared[name][1]):
            message = f'volume "{claim.volume_name}" is ephemeral: it is deleted with its pod and has no claim'
            yield Problem(f"{message}; remove it here, or remove ephemeral from its disk", path=f"{base}.volumeName")
        seen.add(name)
        yield from _contradictions(claim, base)


def _contradictions(claim: Claim, base: str) -> Iterator[Problem]:
    """Properties of one claim that do not fit together."""
    if claim.adopt and not claim.claim_name:
        yield Problem("adopt takes over the claim that claimName names; add claimName", path=f"{base}.adopt")
    elif claim.adopt and len(claim.claim_name) > naming.LIMIT:
        message = f"a claim with a name of more than {naming.LIMIT} characters cannot be taken over; remove adopt"
        yield Problem(message, path=f"{base}.claimName")
    if not claim.claim_name and claim.storage_class is UNSET:
        yield Problem('"storageClass" is missing; it is required unless claimName names an existing claim', path=base)
    if claim.claim_name and not claim.adopt and claim.reclaim == "delete":
        message = "a claim that claimName names is not deleted with the application; remove reclaim, or add adopt: true"
        yield Problem(message, path=f"{base}.reclaim")
    if claim.claim_name and not claim.adopt and claim.shared_with:
        message = "a claim that claimName names is shared by its owner; remove sharedWith, or add adopt: true"
        yield Problem(message, path=f"{base}.sharedWith")


def _claim(
    ctx: TraitContext[VolumeMounterProperties],
    instance_claims: InstanceClaims,
    claim: Claim,
    volume: str,
    uses: tuple[Volume, ...],
) -> Manifest | None:
    """The claim of a volume; None for a claim of another owner, and for a claim to take over that does not exist."""
    if claim.claim_name:
        existing = ctx.existing(Ref(kinds.CLAIM, claim.claim_name)) if claim.adopt else None
        if existing is None:
            return None
        name, is_adopted = claim.claim_name, True
    else:
        name, existing = instance_claims.managed_name(volume), instance_claims.own(volume)
        is_adopted = existing is not None and claims.is_adopted(existing, volume)
    return Manifest(
        kind=kinds.CLAIM,
        name=name,
        body={"spec": _existing_spec(existing) if is_adopted else _spec(claim, uses)},
        labels=labels.claim(ctx),
        annotations={
            **({claims.VOLUME_ANNOTATION: volume} if is_adopted else {}),
            **({claims.SHARED_WITH_ANNOTATION: ",".join(claim.shared_with)} if claim.shared_with else {}),
        },
        retain=claim.reclaim == "retain",
        delete_with_application=claim.reclaim == "delete",
        adopt=claim.adopt,
    )


def _spec(claim: Claim, uses: tuple[Volume, ...]) -> dict[str, Any]:
    disk = volumes.disk(uses)
    return {
        "accessModes": [_access_mode(uses)],
        "resources": {"requests": {"storage": disk.required if disk is not None else DEFAULT_SIZE}},
        "storageClassName": claim.storage_class,
    }


def _existing_spec(existing: dict[str, Any] | None) -> dict[str, Any]:
    """The fields of `_spec` as an existing claim has them: most of them are immutable."""
    spec: dict[str, Any] = {}
    if access_modes := get_in(existing, "spec", "accessModes", default=[]):
        spec["accessModes"] = access_modes
    if storage := get_in(existing, "spec", "resources", "requests", "storage", default=""):
        spec["resources"] = {"requests": {"storage": storage}}
    if "storageClassName" in get_in(existing, "spec", default={}):
        spec["storageClassName"] = get_in(existing, "spec", "storageClassName", default="")
    return spec


def _access_mode(uses: tuple[Volume, ...]) -> str:
    if volumes.read_only(uses):
        return "ReadOnlyMany"
    shared = any(volume.sharing_policy == "Shared" for volume in uses)
    return "ReadWriteMany" if shared else "ReadWriteOnce"

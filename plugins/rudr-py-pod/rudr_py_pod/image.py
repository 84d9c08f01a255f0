"""image: the image of containers, where the operator decides what the developer left open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec

from rudr_py.api import InvalidProperties, PodTemplatePlace, PodTrait, Problem, SetField, TraitContext, get_in
from rudr_py_pod.forms import ContainerName

Repository = Annotated[str, msgspec.Meta(pattern=r"^([^:@/\s]+(:[0-9]+)?/)?[^:@\s]+$")]
Tag = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$")]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9]+([+._-][a-z0-9]+)*:[0-9a-fA-F]{32,}$")]


class ContainerImage(msgspec.Struct, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The image of one container. A tag or a digest replaces that of the component's image."""

    repository: Annotated[Repository | None, msgspec.Meta(description="The image without tag and digest.")] = None
    tag: Annotated[
        Tag | None,
        msgspec.Meta(description="The tag.", examples=["1.4.2"]),
    ] = None
    digest: Annotated[Digest | None, msgspec.Meta(description="The digest, such as sha256:….")] = None
    pull_policy: Annotated[
        Literal["Always", "IfNotPresent", "Never"] | None, msgspec.Meta(description="When nodes pull the image.")
    ] = None


class ImageProperties(ContainerImage, rename="camel", forbid_unknown_fields=True, frozen=True, kw_only=True):
    """The image of the only container, or images by the name of a container."""

    by_container: Annotated[
        dict[ContainerName, ContainerImage], msgspec.Meta(description="By the name of a container.")
    ] = msgspec.field(default_factory=dict)


class Image(PodTrait[ImageProperties]):
    """Sets tag, digest, repository or pull policy of images."""

    name = "image"
    properties = ImageProperties

    def edits(self, ctx: TraitContext[ImageProperties], place: PodTemplatePlace) -> Iterator[SetField]:
        """Edits of the containers."""
        properties = ctx.properties
        place.selected(properties.by_container, "$.byContainer")
        named = dict(properties.by_container)
        first = ContainerImage(
            repository=properties.repository,
            tag=properties.tag,
            digest=properties.digest,
            pull_policy=properties.pull_policy,
        )
        if first != ContainerImage():
            if len(place.containers) > 1:
                listed = ", ".join(place.containers)
                raise InvalidProperties(Problem(f"there are several containers ({listed}); use byContainer"))
            named.setdefault(place.containers[0], first)
        for name, new_image in sorted(named.items()):
            if (new_image.repository, new_image.tag, new_image.digest) != (None, None, None):
                image = get_in(place.container(name), "image", default="")
                yield place.edit_container(name, ("image",), _replaced(image, new_image))
            if new_image.pull_policy is not None:
                yield place.edit_container(name, ("imagePullPolicy",), new_image.pull_policy)


def _replaced(reference: str, new_image: ContainerImage) -> str:
    """The image with the chosen parts; a new tag drops the digest, which would take precedence."""
    named, _, digest = reference.partition("@")
    head, colon, last = named.rpartition(":")
    # a colon before a slash belongs to the port of the registry
    repository, tag = (head, last) if colon and "/" not in last else (named, "")
    if new_image.tag is not None:
        tag, digest = new_image.tag, ""
    if new_image.digest is not None:
        digest = new_image.digest
    name = new_image.repository or repository
    return name + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")

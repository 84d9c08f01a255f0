"""Parses a Dockerfile and a .dockerignore. Supports only the features that those of the project use."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
INSTRUCTIONS = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "LABEL", "RUN", "STOPSIGNAL", "USER", "WORKDIR",
}  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """One instruction; `text` holds its arguments in one line."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """The words of the exec form, or of the line."""
        return [str(word) for word in json.loads(self.text)] if self.exec_form else shlex.split(self.text)

    @property
    def exec_form(self) -> bool:
        return self.text.startswith("[")

    @property
    def pairs(self) -> dict[str, str]:
        """The names and values of ARG, ENV and LABEL."""
        return {name: value for name, _, value in (word.partition("=") for word in self.words)}


@dataclass
class Stage:
    """A build stage: FROM and its instructions."""

    image: str
    name: str
    instructions: list[Instruction] = field(default_factory=list)

    def all(self, *names: str) -> list[Instruction]:
        return [instruction for instruction in self.instructions if instruction.name in names]

    def last(self, name: str) -> Instruction:
        return self.all(name)[-1]

    def pairs(self, *names: str) -> dict[str, str]:
        """Names and values of all instructions with these names."""
        return {name: value for instruction in self.all(*names) for name, value in instruction.pairs.items()}


@dataclass
class Dockerfile:
    """A Dockerfile: the arguments before the first stage, and the stages."""

    arguments: dict[str, str]
    stages: list[Stage]


def instructions(text: str) -> Iterator[Instruction]:
    """The instructions, with continued lines joined and comments left out."""
    kept = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    for line in re.sub(r"\\\n", " ", kept).splitlines():
        if line.strip():
            name, _, rest = line.strip().partition(" ")
            assert name in INSTRUCTIONS, f"unsupported instruction {name}"
            yield Instruction(name, " ".join(rest.split()) if name != "RUN" else rest.strip())


def read(path: Path) -> Dockerfile:
    """The Dockerfile at a path."""
    dockerfile = Dockerfile({}, [])
    for instruction in instructions(path.read_text()):
        if instruction.name == "FROM":
            words = instruction.words
            dockerfile.stages.append(Stage(words[0], words[2] if len(words) == 3 else ""))
        elif dockerfile.stages:
            dockerfile.stages[-1].instructions.append(instruction)
        else:
            assert instruction.name == "ARG"
            dockerfile.arguments |= instruction.pairs
    return dockerfile


def substituted(text: str, values: dict[str, str]) -> str:
    """The text with ${NAME} substituted. Raises KeyError."""
    return re.sub(r"\$\{(\w+)\}", lambda match: values[match[1]], text)


class Ignored:
    """The rules of a .dockerignore. The last pattern that matches a path, or a folder above it, decides."""

    def __init__(self, path: Path) -> None:
        lines = [line.strip() for line in path.read_text().splitlines()]
        patterns = [line for line in lines if line and not line.startswith("#")]
        self._patterns = [(line.startswith("!"), _compiled(line.removeprefix("!"))) for line in patterns]

    def __call__(self, path: str) -> bool:
        """Whether the file with this relative path is excluded."""
        parts = path.split("/")
        places = ["/".join(parts[:length]) for length in range(1, len(parts) + 1)]
        ignored = False
        for kept, pattern in self._patterns:
            if any(pattern.fullmatch(place) for place in places):
                ignored = not kept
        return ignored


def _compiled(pattern: str) -> re.Pattern[str]:
    """`**` is any number of folders, `*` is within one."""
    steps = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    return re.compile("".join(steps.get(part, re.escape(part)) for part in parts))

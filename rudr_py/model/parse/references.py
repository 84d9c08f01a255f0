"""Reports references to variables and parameters that nothing replaces, with the right form (OAM v1alpha1 §3, §6).

An application replaces `[fromVariable(x)]` in values of parameters and in properties of traits and scopes; a component
replaces no text at all. References to variables that do not exist are reported by `resolve`.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection
from typing import Final

from rudr_py.model import paths, suggest
from rudr_py.model.advice import literals
from rudr_py.model.advice.literals import LISTED, Literal
from rudr_py.model.component import Component
from rudr_py.model.json_text import excerpt
from rudr_py.model.parse.fields import FieldReader, ProblemList
from rudr_py.model.stepwise import Stepwise

Steps = tuple[str | int, ...]

_VALUES: Final = frozenset({"properties", "parameterValues"})
_REPLACED: Final = "variables are replaced only in parameterValues and in the properties of traits and scopes"
_TEXTS: Final = frozenset({"value", "cmd", "args", "command"})
"""Fields of a container whose text may have the syntax of a shell or of another program."""

_TEXTS_OF_STEP: Final = 500
"""Short texts that are searched in one step."""

_SHORT: Final = 40
"""The characters of a short text; a longer text counts as several."""

_CHEAP: Final = 2
"""The search of a text takes this part of the time of rendering it."""


def application_steps(spec: FieldReader, variables: Collection[str]) -> Stepwise[None]:
    """Report, in steps, all texts of an application that look like a reference and are none.

    A misspelled one, where a correct one would be replaced, is an error, as a reference to an absent variable is.
    """
    problems, spent = spec.problems, 0
    for steps, text, is_key in literals.keys_and_texts(spec.value):
        spent += _count(text)
        if spent > _TEXTS_OF_STEP:
            yield _TEXTS_OF_STEP // _CHEAP
            spent = _count(text)
        replaced = _is_replaced(steps) and not is_key
        for literal in itertools.islice(literals.literals(text, variables), LISTED):
            path, written = paths.child(spec.path, *steps), excerpt(literal.text)
            if literal.helm:
                problems.warn(path, f"{written} is a Helm template; render the chart before")
            elif not replaced:
                place = "a key" if is_key else _field(steps)
                problems.warn(path, f"{written} is not replaced in {place}; {_REPLACED}", "AC-9")
            elif literal.name in variables and not _names_word(literal):
                problems.warn(path, f"{written} is not replaced; write {_form(literal.name)}", "AC-9")
            elif not literal.exact:
                message = f"{written} is not replaced; {_correct(literal.name, variables)}"
                problems.error(path, message, "AC-8" if "parameterValues" in steps[2:3] else "AC-9")


def component_steps(spec: FieldReader, component: Component) -> Stepwise[None]:
    """Warn, in steps, of all texts of a component that look like a reference: none is replaced in a component."""
    parameters = {parameter.name for parameter in component.parameters}
    # a shell or Kubernetes replaces the names of environment variables
    outside = parameters - {variable.name for container in component.containers for variable in container.env}
    spent = 0
    for steps, text, is_key in literals.keys_and_texts(spec.value):
        spent += _count(text)
        if spent > _TEXTS_OF_STEP:
            yield _TEXTS_OF_STEP // _CHEAP
            spent = _count(text)
        if steps and steps[-1] == "fromParam":
            continue
        names = outside if steps[-1:] and _TEXTS & set(steps) else parameters
        for literal in itertools.islice(literals.literals(text, names), LISTED):
            message = f"{excerpt(literal.text)} is not replaced; {_advice(steps, literal, parameters)}"
            _warn(spec.problems, paths.child(spec.path, *steps), message, at_key=is_key)


def _count(text: str) -> int:
    """The number of short texts whose search takes as long as that of this one."""
    return 1 + min(len(text), literals.LONGEST) // _SHORT


def _warn(problems: ProblemList, path: str, message: str, *, at_key: bool) -> None:
    problems.warn(path, message, "EN-1", at_key=at_key)


def _is_replaced(steps: Steps) -> bool:
    """Whether variables are replaced in the text at these steps inside `spec` of an application."""
    match steps:
        case ("components", int(), "traits", int(), *inner):
            return bool(inner) and inner != ["name"]
        case ("components", int(), "parameterValues", *_) | ("scopes", int(), "properties", *_):
            return True
        case _:
            return False


def _names_word(literal: Literal) -> bool:
    """Whether the text contains the word of a reference, so that it can have no other meaning."""
    return "from" in literal.text.casefold() or "vari" in literal.text.casefold() or literal.exact


def _form(name: str) -> str:
    return f'"[fromVariable({name})]"'


def _correct(name: str, variables: Collection[str]) -> str:
    near = name if name in variables else suggest.similar(name, variables)
    if near:
        return f"write {_form(near)}"
    declared = ", ".join(sorted(variables)[:LISTED])
    return f"write {_form('NAME')} with the name of a variable{f': {declared}' if declared else ' of spec.variables'}"


def _field(steps: Steps) -> str:
    return next((str(step) for step in reversed(steps) if isinstance(step, str)), "this field")


def _advice(steps: Steps, literal: Literal, parameters: Collection[str]) -> str:
    near = literal.name if literal.name in parameters else suggest.similar(literal.name, parameters)
    name = near or "the name of a parameter"
    if literal.helm:
        return "it is a Helm template; render the chart before"
    if steps[-1:] == ("value",) and (_is_entry_of(steps, "env", "config") or steps[:1] == ("workloadSettings",)):
        return f"write fromParam: {name}, in place of value"
    return f"of a component, only env, config and workloadSettings take a parameter, as fromParam: {name}"


def _is_entry_of(steps: Steps, *lists: str) -> bool:
    return len(steps) == 5 and steps[2] in lists

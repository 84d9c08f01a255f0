"""Names and docstrings keep the rules of style.

Each violation is listed with its place and a suggestion. `python -m tests.naming rudr_py/controller` lists those of a
package.
"""

from __future__ import annotations

import textwrap
from collections import Counter

import pytest

from tests.naming import layout, nouns, rules, spelling, words
from tests.naming.sources import Module, Violation, grouped, package_of


def module(text: str, path: str = "rudr_py/sample/module.py") -> Module:
    return Module.parse(path, textwrap.dedent(text))


def names(violations: list[Violation]) -> list[str]:
    return [violation.name for violation in violations]


@pytest.mark.parametrize("rule", rules.RULES)
def test_no_name_and_no_docstring_breaks_a_rule(rule: str) -> None:
    assert grouped(rules.violations(rule)) == []


def test_violations_of_one_name_in_a_module_are_printed_as_one_line() -> None:
    violations = [
        Violation("a.py", 3, "found", "x"),
        Violation("a.py", 1, "found", "x"),
        Violation("b.py", 2, "told", "x"),
    ]
    assert grouped(violations) == ["a.py:1,3 found → x", "b.py:2 told → x"]
    assert grouped([Violation("cli", 0, "58 modules", "x")]) == ["cli 58 modules → x"]


@pytest.mark.parametrize(
    ("path", "package"),
    [
        ("rudr_py/settings.py", "rudr_py"),
        ("rudr_py/cli/output.py", "rudr_py/cli"),
        ("rudr_py/local/access", "rudr_py/local"),
        ("rudr_py/local/access/user.py", "rudr_py/local"),
        ("plugins/rudr-py-faas/tests/conftest.py", "plugins/rudr-py-faas"),
    ],
)
def test_a_path_is_counted_for_its_package(path: str, package: str) -> None:
    assert package_of(path) == package


STATE = """
    class ClusterState: ...
    class Recent: ...
    class Live: ...
"""


@pytest.mark.parametrize(
    "name", ["state", "states", "_state", "cluster_state", "new_state", "cluster", "clusterstate", "old", "next_owner"]
)
def test_a_parameter_may_use_a_noun_of_its_class_or_a_role(name: str) -> None:
    assert nouns.violations([module(STATE + f"\n    def run({name}: ClusterState) -> None: ...")]) == []


@pytest.mark.parametrize("name", ["known", "world", "pod", "seen", "status_quo"])
def test_a_parameter_with_another_name_is_a_violation(name: str) -> None:
    (violation,) = nouns.violations([module(STATE + f"\n    def run({name}: ClusterState) -> None: ...")])
    assert violation.name == f"{name}: ClusterState"
    assert str(violation) == f"rudr_py/sample/module.py:6 {name}: ClusterState → state or cluster_state"


def test_words_for_objects_are_roles_where_the_class_can_be_any_object() -> None:
    text = STATE + "\n    def run(pod: Live, known: Live, recent_pods: Recent) -> None: ..."
    assert names(nouns.violations([module(text)])) == ["known: Live"]


@pytest.mark.parametrize(
    "annotation",
    ["ClusterState | None", "None | ClusterState", "Optional[ClusterState]", "'ClusterState'", "Final[ClusterState]"],
)
def test_an_annotation_is_unwrapped(annotation: str) -> None:
    text = STATE + f"\n    def run(known: {annotation}) -> None: ..."
    assert names(nouns.violations([module(text)])) == ["known: ClusterState"]


@pytest.mark.parametrize("annotation", ["list[ClusterState]", "type[ClusterState]", "ClusterState | Live", "str"])
def test_an_annotation_of_more_than_one_object_of_a_class_is_not_checked(annotation: str) -> None:
    assert nouns.violations([module(STATE + f"\n    def run(known: {annotation}) -> None: ...")]) == []


def test_attributes_of_classes_and_of_self_are_checked() -> None:
    text = """
        class Plan: ...
        class Queue(Generic[T]): ...

        class Syncer:
            known: Plan

            def __init__(self, given: Plan, plan: Plan) -> None:
                self._asked: Queue[str] = Queue()
                self._given = given
                self._plan = plan
                self._told = plan.name
                self._recent = plan
    """
    assert sorted(names(nouns.violations([module(text)]))) == [
        "_asked: Queue",
        "_given: Plan",
        "_recent: Plan",
        "given: Plan",
        "known: Plan",
    ]


def test_a_class_of_the_project_is_recognised_by_its_import_and_one_of_another_library_is_not() -> None:
    plan = module("class Plan: ...", "rudr_py/render/plan.py")
    user = module(
        """
        from elsewhere import Plan as Other
        from rudr_py.render import plan
        from rudr_py.render.plan import Plan as Rendered

        def run(foreign: Other, by_module: plan.Plan, by_name: Rendered, unrelated: asyncio.Plan) -> None: ...
        """
    )
    assert names(nouns.violations([plan, user])) == ["by_module: Plan", "by_name: Plan"]


def test_the_abbreviation_ctx_stands_for_context() -> None:
    text = "class TraitContext: ...\ndef render(ctx: TraitContext) -> None: ..."
    assert nouns.violations([module(text)]) == []


def test_two_public_classes_of_one_name_in_a_package_are_a_violation() -> None:
    modules = [
        module("class Task: ...", "rudr_py/controller/apply.py"),
        module("class Task: ...\nclass _Tools: ...", "rudr_py/controller/runs/once.py"),
        module("class Task: ...\nclass _Tools: ...", "rudr_py/render/plan.py"),
    ]
    (violation,) = layout.homonym_violations(modules)
    assert str(violation) == (
        "rudr_py/controller/runs/once.py:1 Task → another name; rudr_py/controller/apply.py:1 defines Task too"
    )


@pytest.mark.parametrize(
    "pair", [("diff", "difference"), ("explain", "explaining"), ("completing", "completion"), ("run", "running")]
)
def test_modules_of_one_folder_that_differ_by_grammar_are_a_violation(pair: tuple[str, str]) -> None:
    modules = [module("", f"rudr_py/cli/{name}.py") for name in pair]
    assert len(layout.twin_violations(modules)) == 1


def test_a_package_beside_a_module_is_compared_too() -> None:
    modules = [module("", "rudr_py/cli/diff/__init__.py"), module("", "rudr_py/cli/differ.py")]
    assert names(layout.twin_violations(modules)) == ["differ"]


@pytest.mark.parametrize(
    "pair", [("diff", "dry_run"), ("status", "state"), ("pod", "pods_state"), ("access", "accounts")]
)
def test_modules_of_different_names_are_no_violation(pair: tuple[str, str]) -> None:
    assert layout.twin_violations([module("", f"rudr_py/cli/{name}.py") for name in pair]) == []


def test_modules_of_different_folders_are_not_compared() -> None:
    modules = [module("", "rudr_py/cli/diff.py"), module("", "rudr_py/controller/difference.py")]
    assert layout.twin_violations(modules) == []


@pytest.mark.parametrize("name", ["utils", "helpers", "common", "base", "misc", "manager", "once", "current", "told"])
def test_a_vague_or_private_name_of_a_module_or_package_is_a_violation(name: str) -> None:
    modules = [module("", f"rudr_py/cli/{name}.py"), module("", f"rudr_py/{name}/diff.py")]
    assert names(layout.module_name_violations(modules)) == [name, name]


def test_a_folder_with_more_than_20_modules_is_a_violation() -> None:
    modules = [module("", f"rudr_py/cli/module{number}.py") for number in range(layout.LARGEST_FOLDER)]
    modules.append(module("", "rudr_py/cli/__init__.py"))
    assert layout.size_violations(modules) == []
    (violation,) = layout.size_violations([*modules, module("", "rudr_py/cli/one_more.py")])
    assert str(violation).startswith("rudr_py/cli 21 modules")


def test_private_words_are_violations_wherever_an_identifier_stands() -> None:
    text = """
        import json as known

        def told(wanted, *, given=None):
            _asked = run(shown=wanted.found_at)
            return [once for once in _asked.found]
    """
    uses = words.identifier_violations([module(text)])
    expected = ["known", "told", "wanted", "given", "asked", "shown", "wanted", "once", "once", "asked", "found"]
    assert Counter(names(uses)) == Counter(expected)


def test_strings_and_imported_names_of_other_libraries_are_not_violations() -> None:
    text = """
        from hypothesis import given

        @given(value)
        def test_json():
            assert document["known"] == "found"
    """
    assert words.identifier_violations([module(text)]) == []


def test_phrases_in_docstrings_are_violations_with_their_lines() -> None:
    text = '''
        """What a plan is.

        It tells the applier. Who asks is told.
        """
        LIMIT = 1
        """Says nothing; nobody reads it, whatever it contains."""
        message = "somebody says"  # a string, not a docstring
    '''
    violations = sorted(words.docstring_violations([module(text)]))
    assert [(violation.line, violation.name) for violation in violations] == [
        (2, "“What”"),
        (4, "“Who”"),
        (4, "“tells”"),
        (4, "“told”"),
        (7, "“Says”"),
        (7, "“nobody”"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("ClusterState", ["cluster", "state"]), ("AioTransport", ["aio", "transport"]), ("HTTPError", ["http", "error"])],
)
def test_a_name_is_split_into_words(name: str, expected: list[str]) -> None:
    assert spelling.words(name) == expected
    assert spelling.words(spelling.snake(name)) == expected


@pytest.mark.parametrize(
    ("plural", "singular"),
    [("states", "state"), ("entries", "entry"), ("patches", "patch"), ("status", "status"), ("access", "access")],
)
def test_a_plural_is_reduced_to_its_singular(plural: str, singular: str) -> None:
    assert spelling.singular(plural) == singular

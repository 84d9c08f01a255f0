"""Texts that look like references to variables and parameters."""

from __future__ import annotations

import pytest

from rudr_py.model.advice.literals import literals


@pytest.mark.parametrize(
    "text",
    [
        "[fromVaraible(domain)]",
        "[fromvariable(domain)]",
        "[FromVariable(domain)]",
        "[from_variable(domain)]",
        "[from Variable(domain)]",
        "[formVariable(domain)]",
        "[fromVar(domain)]",
        "[fromVariable domain]",
        "[fromVariable:domain]",
        "[fromVariable(domain)",
        "[fromVariable(domain))",
        "[fromVariable[domain]]",
        "[ fromVariable(domain) ]",
        "fromVariable(domain)",
        "(fromVariable(domain))",
        "$(fromVariable(domain))",
        "${fromVariable(domain)}",
        "{{fromVariable(domain)}}",
        "{fromVariable: domain}",
        "[variable(domain)]",
        "[fromParam(domain)]",
        "${domain}",
        "$(domain)",
        "{{domain}}",
        "{{ .Values.domain }}",
        "{{ variables.domain }}",
        "${var.domain}",
        "[domain]",
        "{domain}",
        "<domain>",
        "%domain%",
        "$domain",
    ],
)
@pytest.mark.parametrize("place", ["{}", "https://{}/x"])
def test_a_misspelled_reference_is_recognized_with_its_name(text: str, place: str) -> None:
    whole_only = text.strip("[]{}<>%$") == "domain" and text not in ("${domain}", "$(domain)", "{{domain}}")
    written = text if whole_only else place.format(text)
    (literal,) = literals(written, {"domain"})
    assert (literal.name, literal.exact) == ("domain", False)


def test_a_correct_reference_is_exact() -> None:
    (literal,) = literals("a [fromVariable( domain )] b", ())
    assert (literal.name, literal.exact) == ("domain", True)


def test_each_reference_of_a_text_is_recognized() -> None:
    text = "x [frmVariable(a)] [fromVariable(b)] [fromVariabel(c)]"
    assert [literal.name for literal in literals(text, ())] == ["a", "b", "c"]


def test_a_reference_without_a_name_is_recognized() -> None:
    assert [literal.name for literal in literals("$(fromVariable)", ())] == [""]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "from variable sources",
        "a price (from variable x) of a tariff",
        "[from here] (from Paris) [fromage(x)]",
        "{{ $value }} {{ .Labels.instance }}",
        "echo ${HOME} $(hostname) $PATH",
        "f(param) [x] {y} <z> %d",
        "^[a-z]{3}$",
        '{"variable": "x"}',
        "see the parameters (parameter list)",
    ],
)
def test_text_of_other_tools_is_no_reference(text: str) -> None:
    assert list(literals(text, {"domain"})) == []

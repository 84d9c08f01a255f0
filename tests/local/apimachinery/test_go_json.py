"""The messages of Go's JSON scanner, recorded from a kube-apiserver 1.36.2."""

from __future__ import annotations

import pytest

from rudr_py.local.apimachinery import go_json

END = "unexpected end of JSON input"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{not json", "invalid character 'n' looking for beginning of object key string"),
        ("", END),
        ("  ", END),
        ('{"a":', END),
        ("[1,2", END),
        ('"abc', END),
        ("nul", "invalid character ' ' in literal null (expecting 'l')"),
        ('{"a":tru}', "invalid character '}' in literal true (expecting 'e')"),
        ('{"a":1,}', "invalid character '}' looking for beginning of object key string"),
        ('{"a" 1}', "invalid character '1' after object key"),
        ('{"a":1 "b":2}', "invalid character '\"' after object key:value pair"),
        ('{"a":[1 2]}', "invalid character '2' after array element"),
        ('{"a":1}x', "invalid character 'x' after top-level value"),
        ('{"a":"x\ny"}', "invalid character '\\n' in string literal"),
        ('{"a":"\\q"}', "invalid character 'q' in string escape code"),
        ('{"a":"\\u12g4"}', "invalid character 'g' in \\u hexadecimal character escape"),
        ('{"a":01}', "invalid character '1' after object key:value pair"),
        ('{"a":-}', "invalid character '}' in numeric literal"),
        ('{"a":1.}', "invalid character '}' after decimal point in numeric literal"),
        ('{"a":1e}', "invalid character '}' in exponent of numeric literal"),
        ("{'a':1}", "invalid character '\\'' looking for beginning of object key string"),
        ('{"a":é}', "invalid character 'Ã' looking for beginning of value"),
        ("- a\n b: c", "invalid character ' ' in numeric literal"),
        ("[" * 10_001, "exceeded max depth"),
        ('{"a": [1, -0.5e+3, true, null, "\\u00e9\\n", {}, []]}', ""),
    ],
)
def test_the_message_names_the_first_unexpected_character(text: str, message: str) -> None:
    assert go_json.syntax_error(text.encode()) == message

"""The parser of Dockerfiles, which the tests of the image use."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.release import dockerfile


def test_lines_are_joined_and_comments_are_left_out() -> None:
    text = '# one\nENV A=1 \\\n    # between\n    B="two words"\nRUN ["x", "y z"]\nRUN x  "y z"\n'
    env, listed, line = dockerfile.instructions(text)
    assert env.pairs == {"A": "1", "B": "two words"}
    assert (listed.exec_form, line.exec_form) == (True, False)
    assert listed.words == line.words == ["x", "y z"]


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("a.txt", True),
        ("src/a.py", False),
        ("src/deep/a.py", False),
        ("src/deep/.cache/a.py", True),
        ("src/one/tests/a.py", True),
        ("src/one/two/tests/a.py", False),
        (".git/config", True),
    ],
)
def test_the_last_matching_ignore_pattern_decides(tmp_path: Path, path: str, ignored: bool) -> None:
    file = tmp_path / ".dockerignore"
    file.write_text("# nothing\n*\n!src\nsrc/*/tests\n**/.*\n")
    assert dockerfile.Ignored(file)(path) is ignored

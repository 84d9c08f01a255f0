"""The programs that pip would install, as scripts in a folder: `rudr`, `kubectl-rudr` and `kubectl_complete-rudr`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import rudr_py

ROOT = Path(rudr_py.__file__).parents[1]

SCRIPT = """\
#!{python}
import sys
sys.path.insert(0, {root!r})
from {module} import {function}
{function}()
"""

PROGRAMS = {
    "rudr": ("rudr_py.cli", "main"),
    "kubectl-rudr": ("rudr_py.cli", "main"),
    "kubectl_complete-rudr": ("rudr_py.cli.commands.completion", "for_kubectl"),
}


def install(folder: Path) -> str:
    """Write the scripts into a folder. Returns PATH with it and with the folder of this Python."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (module, function) in PROGRAMS.items():
        path = folder / name
        path.write_text(SCRIPT.format(python=sys.executable, root=str(ROOT), module=module, function=function))
        path.chmod(0o755)
    return os.pathsep.join((str(folder), str(Path(sys.executable).parent), os.environ["PATH"]))

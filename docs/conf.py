"""How Sphinx builds these pages: Markdown by myst-parser, the theme furo, every warning an error (`make docs`).

Nothing of the project is imported: what is printed from the code is printed into Markdown beforehand, and compared by
tests (`make reference`).
"""

project = "rudr_py"
author = "the authors of rudr_py"
project_copyright = "the authors of rudr_py, Apache-2.0"

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns: list[str] = []

# anchors as on the pages of a repository, so that a link works in both places
myst_heading_anchors = 4

html_theme = "furo"
html_title = "rudr_py"
html_static_path: list[str] = []
html_show_sourcelink = False

"""The commands `rudr` and `kubectl rudr`, and the one place below which nothing reads the clock or the environment.

program     the table of commands; a command's module is imported only when it runs or explains itself
commands/   what each command takes; what it does is imported when it runs (`places`)
process     how the whole process writes and ends, whatever the command: streams, messages, exit codes
options     options that several commands share; `electing` those of leader election; `durations` 15s and 1m30s
installed   the installed plugins, as those options want them
files       `-f`: files, directories and standard input -> documents
workspace   documents -> applications with the components that they use
findings    what is wrong with documents, as lines for people
output      objects as YAML, JSON or names
logs        how log lines look; `loglevels` which are told, `redaction` without which secrets
embedded    a Kubernetes API in this process, for dev and demo
board       what a cluster shows at the moment, and what is news. Pure.
tree        an application as a tree of its objects. Pure.
screen      progress on a terminal or in a pipe; `following` feeds it from watches
cluster     what the commands that ask a cluster share: `connecting` to it, errors in kubectl's words
looking     the objects that a command looks at, listed once or followed; `redraw` shows text that changes
report      what an application says of itself, with its pods (`pod_state`). Pure; `report_text` for people
typenames   what users call types: short names, paths of properties; `completing` offers them to the shell
explaining  what there is to say about a type, as values; `describing` writes it for people and as Markdown. Pure.
fields      the properties of a JSON Schema as rows; `sampling` makes an example up. Pure.
editor_schema  what an editor checks documents by; `editor_types` the part of one type, `draft07` its words. Pure.
trying      whether a trait can be put on a workload type
livestate   a cluster with documents over it, as the controller would see it; `comparing` asks for dry runs
difference  two states of an object as differing lines, with the owners of the fields. Pure.
layout      rows of cells as lines that fit a width; `colour` whether to colour them

What the commands do, one module each: status, show_tree, diff, doctor/, run, dev, demo, render, validate, rbac,
plugins, plugin_new, explain, traits, crds, schema, completion, version.

Results go to standard output, everything said about them to standard error; exit codes are kubectl's: 0 done,
1 failed, 2 wrong usage, 130 Ctrl-C.
"""

from rudr_py.cli.program import main

__all__ = ["main"]

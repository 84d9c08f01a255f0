"""The commands `rudr` and `kubectl rudr`, and the one place below which nothing reads the clock or the environment.

program     the table of commands; a command's module is imported only when that command runs
options     options that several commands share
files       `-f`: files, directories and standard input -> documents
workspace   documents -> applications with the components that they use
findings    what is wrong with documents, as lines for people
output      objects as YAML, JSON or names
clock, logs the real clock, and how log lines look
embedded    a Kubernetes API in this process, for dev and demo
board       what a cluster shows at the moment, and what is news. Pure.
tree        an application as a tree of its objects. Pure.
screen      progress on a terminal or in a pipe; `following` feeds it from watches

The commands, one module each: run, dev, demo, render, validate, rbac, plugins, plugin_new, version.

Results go to standard output, everything said about them to standard error; exit codes are kubectl's: 0 done,
1 failed, 2 wrong usage.
"""

from rudr_py.cli.program import main

__all__ = ["main"]

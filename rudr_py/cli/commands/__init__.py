"""What each command takes: its options and its help, one module each, and nothing heavier than click.

crds, demo, dev, diff, doctor, explain, plugin, plugins, rbac, render, run, schema, status, traits, tree, validate and
version: what they do is in the module that each names as its `work`, imported when the command runs, so that help and
completion need not wait for it. `completion` is whole, and so in `rudr_py.cli`: all that it needs is the program.
"""

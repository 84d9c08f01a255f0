"""One module or package for each command, with its options, its help and its work.

`rudr_py.cli.program` lists them. A package has its command in the module `command`.
"""

"""Schemas of the kinds that the local API serves: one tree of nodes for built-in kinds and CRDs alike.

Pure functions over JSON values. Nothing here knows of requests, storage or field managers.

node              the tree
builtin           published schemas of a release as nodes; published holds what the publication leaves out
structural        a CRD's schema as nodes; structure and keywords say why a server would refuse it
validate          whether a value is what its schema asks for; causes, formats and listtypes are its words and parts
validations       the CEL rules of a CRD's schema
gojson            whether Go could decode a body of a built-in kind
prune             unknown fields, named or dropped
default           completing an object; builtin_defaults and pod_defaults hold what the server's code fills in
zero, quantity    the empty value of a kind; the one form of a quantity
"""

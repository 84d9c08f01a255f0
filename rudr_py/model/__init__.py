"""OAM v1alpha1 documents as frozen values: read, located, checked, resolved. Pure.

identity, document, component,       the values
application, definition, condition
paths, suggest                       JSON paths, and the nearest known name
yamlfile                             text of a file -> documents with positions
parse*                               a document -> a value, and all its problems
validate*                            the rules inside one document
resolve                              parameters and variables put in
crds                                 the custom resource definitions, printed

No I/O, no clock, no knowledge of which types are installed: the catalog decides that.
"""

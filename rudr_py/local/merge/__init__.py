"""What a write does to an object and to the record of who owns which field.

Structured merge (server-side apply), managedFields, and the three patch formats, as pure functions over JSON values.
Nothing here knows of HTTP, storage or clocks: the time of a write is an argument.

apply       server-side apply: merge, move ownership, report conflicts
ownership   managedFields after a create, an update or a patch
patch       merge patch and JSON patch; strategic merge patch from strategic
typed       the walks: fields of a value, comparing, merging, removing
check       whether a schema can type an applied body, in the server's words
elements    how a value falls into fields and list items
fieldset    sets of fields, in the form of fieldsV1
refusal     the errors that these raise
"""

"""What a write does to an object and to the record of who owns which field.

Structured merge (server-side apply), managedFields, and the three patch formats, as pure functions over JSON values.
Nothing here knows of HTTP, storage or clocks: the time of a write is an argument.
"""

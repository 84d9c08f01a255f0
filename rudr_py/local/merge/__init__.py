"""The effect of a write on an object and its managed fields.

Server-side apply (structured merge), managedFields, and the three patch formats, as pure functions over JSON values.
Nothing here depends on HTTP, storage or clocks: the time of a write is an argument.
"""

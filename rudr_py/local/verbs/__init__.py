"""The verbs of the API over a backend. Nothing here depends on HTTP."""

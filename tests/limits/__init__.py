"""The limits of one application: its documents, its rendering, its status, and the work for it."""

"""Advice for messages: the meaning of names, fields and texts that rudr does not read. Pure; no document is changed."""

"""Schemas of the kinds that the local API serves: one tree of nodes for built-in kinds and CRDs alike.

Pure functions over JSON values. Nothing here knows of requests, storage or field managers.
"""

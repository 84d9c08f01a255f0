"""Schemas of the kinds that the local API serves: one tree of nodes for built-in kinds and CRDs.

Pure functions over JSON values. No module here depends on requests, storage or field managers.
"""

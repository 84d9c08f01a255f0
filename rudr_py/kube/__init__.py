"""Connections to a cluster. This is the only package that opens one.

It does not depend on OAM, retries only watches, and starts no tasks.
"""

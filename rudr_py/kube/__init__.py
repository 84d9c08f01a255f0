"""Connections to a cluster. This is the only package that opens one.

It knows nothing of OAM, retries nothing but watches, and starts no task of its own.
"""

"""Scripted faults between a client and the local API."""

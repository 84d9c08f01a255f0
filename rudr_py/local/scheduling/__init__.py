"""Nodes, their capacity, and the choice of a node for a pod, as the default scheduler makes it. Pure.

Not implemented: preemption, affinity between pods, topology spread, host ports, and volumes that are bound with their
first consumer.
"""

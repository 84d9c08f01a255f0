"""Prometheus metrics, named as in controller-runtime and client-go."""

"""Quadlet files for podman and systemd: applications on a single server or an edge device without Kubernetes."""

__version__ = "0.1.0.dev0"

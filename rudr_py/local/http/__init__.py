"""The HTTP side of the local API: connections, routing, bodies, watch streams."""

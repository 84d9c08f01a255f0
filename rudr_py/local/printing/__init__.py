"""Server-side printing: the Tables of `kubectl get`."""

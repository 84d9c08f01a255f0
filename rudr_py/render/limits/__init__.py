"""The rules of Kubernetes for names, labels, annotations, ports and sizes, checked before an object is sent. Pure."""

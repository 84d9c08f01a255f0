"""Built-in admission: namespaces, quotas, and the checks before an object is stored."""

"""Custom kinds: the registry follows the CustomResourceDefinitions in the store."""

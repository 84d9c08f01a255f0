"""The resources that the local API serves, built in or defined by CRDs."""

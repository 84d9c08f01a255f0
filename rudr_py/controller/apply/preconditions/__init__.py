"""Checks that precede the objects of an application, and their failures: nodes, traits of new instances, dry runs."""

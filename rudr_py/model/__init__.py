"""OAM v1alpha1 documents as frozen values: parsed with positions, validated, resolved. Pure.

No clock and no I/O, except for the command that writes the CRD files. The installed types are not visible here; they
are in the catalog.
"""

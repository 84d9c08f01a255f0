"""The service accounts in whose names the objects of applications are written."""

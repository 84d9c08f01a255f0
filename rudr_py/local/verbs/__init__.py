"""One function per verb of the API."""

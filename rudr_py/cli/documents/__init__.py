"""Documents named with `-f`, and the applications they form."""

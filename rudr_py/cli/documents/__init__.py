"""The documents of `-f`, and the applications that they contain."""

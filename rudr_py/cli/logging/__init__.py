"""Log levels, formats and redaction."""

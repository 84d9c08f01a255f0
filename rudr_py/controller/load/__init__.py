"""Protection of the process from applications that need much memory."""

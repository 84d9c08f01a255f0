"""Output for terminals, pipes and machines: documents, tables, colours, problems."""

"""Output for terminals, pipes and programs: documents, tables, colours, problems."""

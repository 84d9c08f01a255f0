"""Default values: of a CRD schema, and those that the code of the API server sets for built-in kinds."""

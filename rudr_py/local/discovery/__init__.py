"""Discovery documents, OpenAPI v3 and Swagger 2.0."""

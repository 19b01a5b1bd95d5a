"""What the operations take and answer, in words: from this and the routes come the services' OpenAPI documents."""

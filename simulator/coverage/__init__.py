"""What the published use cases demand to be seen, and what runs have shown of it."""

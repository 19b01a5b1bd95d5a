"""The cases of ISO 15118-4 for the SECC, a table for each group, under their own numbers."""

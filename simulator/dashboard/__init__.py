"""The dashboard: the whole ecosystem live in a terminal. Views are thin over a store that knows nothing of Textual."""

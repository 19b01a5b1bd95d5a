"""The embedded charging station management system (CSMS)."""

"""Parties of a lab that are running services, called by their published paths."""

"""`pnc pool`: a participant's own program, which calls running services by their published paths."""

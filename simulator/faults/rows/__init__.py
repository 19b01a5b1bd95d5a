"""The rows of the catalogue, one file for each group of faults."""

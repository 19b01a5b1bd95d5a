"""Conformance suites: cases that hold one device, ours or anybody's, against published rules, and what they came to."""

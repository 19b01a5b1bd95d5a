"""Scenarios beyond those of charging and those of one published use case: several parties, and what goes wrong."""

FURTHER = (
    "contract-of-another-vehicle",
    "list-signer-compromised",
    "rented-vehicle",
    "signer-changed",
)

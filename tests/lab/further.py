"""Scenarios beyond those of charging and those of one published use case: several parties, and what goes wrong."""

FURTHER = (
    "contract-in-another-pool",
    "contract-of-another-vehicle",
    "cross-certified",
    "list-signer-compromised",
    "rented-vehicle",
    "several-of-each",
    "signer-changed",
)

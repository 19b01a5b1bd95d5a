"""Certificates of the Plug & Charge ecosystem: profiles, issuing, chains, revocation, and bad ones on purpose."""

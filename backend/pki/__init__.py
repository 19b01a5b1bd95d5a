"""Certificate authorities and OCSP responders as services, and the client that asks responders."""

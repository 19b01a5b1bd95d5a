"""Bad certificates and OCSP answers on purpose, as named data."""

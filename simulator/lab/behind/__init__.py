"""How what stands behind the stations of a lab is opened: PKIs, OCSP, the contract pool, CSMSs."""

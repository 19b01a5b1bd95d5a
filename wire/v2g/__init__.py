"""ISO 15118 on the wire: V2GTP, SDP, message catalogues, signatures, key transport."""

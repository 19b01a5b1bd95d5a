"""Cases for pools and PKI: what Open Plug&Charge demands of them, asked over HTTP of services of ours or anybody's."""

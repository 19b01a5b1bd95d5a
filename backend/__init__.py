"""The services behind the station: CSMS, pools, CPS, MO, OEM and PKI."""

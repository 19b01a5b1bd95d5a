"""Every operation's description, by its service and its name in the route table."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described import contracts, events, house, issuing, manufacturer, operators, pools
from pncsim.backend.described.words import Described

DESCRIBED: Mapping[str, Mapping[str, Described]] = {
    "token": house.TOKEN,
    "rcp": pools.RCP,
    "pcp": pools.PCP,
    "ccp": contracts.CCP,
    "cps": contracts.CPS,
    "mo": operators.MO,
    "oem": manufacturer.OEM,
    "est": issuing.EST,
    "ocsp": issuing.OCSP,
    "crl": issuing.CRL,
    "webhooks": events.WEBHOOKS,
    "admin": house.ADMIN,
    "about": house.ABOUT,
}

TITLES: Mapping[str, str] = {
    "token": "Tokens",
    "rcp": "Root Certificate Pool",
    "pcp": "Provisioning Certificate Pool",
    "ccp": "Contract Certificate Pool",
    "cps": "Certificate Provisioning Service",
    "est": "Enrolment",
    "ocsp": "Certificate status",
    "crl": "Revocation lists",
    "mo": "Mobility operator",
    "oem": "Manufacturer",
    "webhooks": "Events",
    "admin": "Administration",
    "about": "About the services",
}
"""What people call a service."""

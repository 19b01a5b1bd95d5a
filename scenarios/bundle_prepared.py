"""CharIN 2.1.2.2: a contract's key is wrapped so that one vehicle alone opens it, and all else is added to it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from pncsim.simulator.lab.bundles import CONTRACTS, PROVIDED, bundle_in, unwrapped
from pncsim.simulator.lab.plant import VEHICLES, response_in, shows_key, vehicle_publication
from pncsim.simulator.scenario import UseCase, scenario
from pncsim.tls_certs.reading import common_name, issued_by, load

if TYPE_CHECKING:
    from pncsim.simulator.lab.lab import Lab

ENCRYPTED_KEY, EPHEMERAL_POINT = 48, 65


@scenario(
    "bundle-prepared",
    title="a contract's key, chain and names are made ready for one vehicle",
    clauses=("CharIN 2.1.2.2", "CPS-8", "CPS-11", "CPS-13", "V2G2-820", "V2G2-823"),
    use_case=UseCase(
        id="2.1.2.2",
        actors=("MO", "CPS", "EV", "CCP"),
        preconditions=("the contract is concluded (2.1.2.1)", "the vehicle is published (2.1.1.2.2)"),
    ),
)
async def bundle_prepared(lab: Lab) -> None:
    """The operator agrees on a key with the vehicle's provisioning key and an ephemeral one, and encrypts with it.

    What comes of it is read as the pool hands it out: everything is there, the vehicle opens it, and its neighbour of
    the same make does not. The contract's key was never seen in the clear.
    """
    mo, ev = lab.expect.of("MO"), lab.expect.of("EV")
    manufacturer, operator = await lab.caller("OEM"), await lab.caller("MO")
    vehicle, neighbour = await lab.vehicle(), await lab.vehicle()
    pcid, publication = vehicle_publication(vehicle)
    await manufacturer.put(VEHICLES, publication)

    concluded = await operator.post(CONTRACTS, {"customer": "Ada", "pcid": pcid})
    emaid = concluded.body["emaid"]
    provided = await manufacturer.get(f"{PROVIDED}/{emaid}/{pcid}")
    bundle = bundle_in(provided)

    sizes = len(bundle.encrypted_key.value), len(bundle.dh_public.value)
    right = sizes == (ENCRYPTED_KEY, EPHEMERAL_POINT)
    mo.shows("wrapped", "CPS-8", "the wrapped key has 48 octets, the ephemeral point 65", right, sizes)
    chain = [load(octets) for octets in bundle.contract_certificates]
    named = [common_name(one) for one in chain]
    linked = all(issued_by(below, above) for below, above in pairwise(chain))
    whole = named[0] == bundle.emaid.value == emaid and len(chain) > 1 and linked
    mo.shows("complete", "CPS-8", "EMAID, certificate and Sub-CAs are with it", whole, named)
    rootless = not any(issued_by(one, one) for one in chain)
    mo.shows("no-root", "CPS-7", "the root is not", rootless, len(chain))

    key = unwrapped(bundle, vehicle.provisioning)
    opens = {one.name: unwrapped(bundle, one.provisioning) is not None for one in (vehicle, neighbour)}
    ev.shows("unwraps", "V2G2-823", "the vehicle's key opens it: the certificate's", opens[vehicle.name], opens)
    ev.shows("for-one-only", "V2G2-820", "no other vehicle's does", not opens[neighbour.name], opens)
    seen = [response_in(provided), repr(provided.body).encode()]
    hidden = key is not None and not shows_key(seen, key)
    mo.shows("key-hidden", "CPS-13", "it stands nowhere in the clear", hidden, f"{sum(map(len, seen))} octets")

    await operator.post(f"{CONTRACTS}/{emaid}/renewal")
    other = bundle_in(await manufacturer.get(f"{PROVIDED}/{emaid}/{pcid}"))
    fresh = other.dh_public != bundle.dh_public and other.contract_certificates[0] != bundle.contract_certificates[0]
    mo.shows(
        "ephemeral",
        "V2G2-820",
        "the next one has another key, and another ephemeral one",
        fresh,
        other.dh_public.value.hex(),
    )

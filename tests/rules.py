"""The numbered requirements the services are held against, and what shows which tests prove them.

A test says what it proves with ``@pytest.mark.rule("PCP-PUB-1")``. :func:`page` is the table of docs/ecosystem.md;
``make rules`` runs those tests and writes it with what has passed, ``python -m pytest --rule PCP-PUB-1`` runs those of
one requirement.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from pathlib import Path

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "ecosystem.md"
BEGIN, END = "<!-- written by `make rules` -->", "<!-- end of what `make rules` writes -->"

PARTS: Mapping[str, Mapping[str, str]] = {
    "Access and transport": {
        "ACC-1": "only OCSP and revocation lists are for everybody; all else needs a valid token, or is 401",
        "ACC-2": "each role may do what its column of the rights matrix says, and nothing else (403)",
        "ACC-3": "a manufacturer writes PCIDs of its own manufacturer codes (WMI) only",
        "ACC-4": "an operator manages EMAIDs of its own country and provider ids only",
        "ACC-5": "a manufacturer can neither read, change nor delete what another one published",
        "ACC-6": "every operator may read any vehicle, one by one, by its PCID",
        "ACC-7": "an operator takes part once its provider id was confirmed",
        "ACC-8": "TLS 1.3; tokens are good for 24 hours and name role, scopes, WMIs and provider ids",
        "ACC-9": "mutual TLS between a manufacturer and the pools, and between it and its vehicles",
    },
    "Roots (RCP)": {
        "RCP-1": "V2G, MO, OEM and private roots are kept, and every participant reads them",
        "RCP-2": "only administrators add and remove roots",
        "RCP-3": "a fingerprint confirmed over a second channel has to match",
        "RCP-4": "a root is a self-signed authority of the profile, its signature verified before it is kept",
        "RCP-5": "everything done to the roots is in a log that is kept",
        "RCP-6": "expired and revoked roots leave by themselves, and that is told",
        "RCP-7": "who subscribed hears of roots that come and go",
        "RCP-8": "removing a root wipes nothing by itself",
        "RCP-9": "a compromised root takes everything below it out of the pools when that is asked for",
        "RCP-10": "below a root that was removed nothing is published until it is back",
        "RCP-11": "an old and a new root stand side by side during a renewal",
        "RCP-12": "a root renewed with its key keeps its Sub-CAs; with a new key they are signed anew",
    },
    "Vehicles (PCP)": {
        "PCP-PUB-1": "check 1: the WMI is the caller's",
        "PCP-PUB-2": "check 2: every certificate of the path is valid now",
        "PCP-PUB-3": "check 3: no certificate that was delivered is revoked, by OCSP or revocation list",
        "PCP-PUB-4": "check 4: the chain leads to a root of the pool",
        "PCP-PUB-5": "the first check that fails decides, and nothing later is asked",
        "PCP-PUB-6": "the PCID is the common name of the leaf, 17 or 18 letters and digits, and the key of the pool",
        "PCP-PUB-7": "no operator hears of a publication",
        "PCP-PUB-8": "chain, schema, the vehicle's V2G roots and an earlier PCID are kept and told",
        "PCP-PUB-9": "a refused publication leaves what was there",
        "PCP-ENUM-1": "nothing tells which or how many vehicles there are; who guesses is slowed down",
        "PCP-UPD-1": "publishing a PCID again overwrites it",
        "PCP-UPD-2": "operators hear of it only if the key is new",
        "PCP-UPD-3": "with a new key the vehicle's contracts are deleted",
        "PCP-UPD-4": "the certificate before is gone",
        "PCP-UPD-5": "a vehicle with a new PCID may say which it had",
        "PCP-DEL-1": "only the owner deletes a vehicle, and its contracts go with it",
        "PCP-DEL-2": "contract certificates of our own authority are revoked with it",
        "PCP-DEL-3": "the operators concerned and the manufacturer hear of it",
        "PCP-GET-1": "status and chain are verified again before a vehicle is handed out",
        "PCP-GET-2": "a lookup tells only whether a vehicle is there",
        "PCP-CLEAN-1": "expired and revoked vehicles leave by themselves, their contracts with them",
    },
    "Signing contracts (CPS) and issuing them": {
        "CPS-1": "contract data are signed with a certificate that leads to a V2G root",
        "CPS-2": "the signer is below a V2G root the vehicle holds; where that is unknown, the likeliest",
        "CPS-3": "the V2G root that was asked for wins",
        "CPS-4": "with a PCID the result goes into the contract pool too, without one it is only returned",
        "CPS-5": "the EMAID is the name in the contract certificate, the PCID that of a published vehicle",
        "CPS-6": "an EMAID belongs to one PCID",
        "CPS-7": "one or two Sub-CAs and no root; the path is verified to an MO or V2G root, status included",
        "CPS-8": "what is signed are chain, public ECDH point, encrypted key and EMAID",
        "CPS-9": "a contract does not outlive the vehicle's certificate",
        "CPS-10": "an end in the past and an unknown PCID are refused",
        "CPS-11": "generate: key, certificate below the V2G root, wrapping, signature and storing in one call",
        "CPS-12": "four elements are signed; the signer's own chain is not",
        "CPS-13": "no private key is seen in clear outside the operator's own store",
        "CPS-14": "nothing is signed or delivered below a root that lost its trust",
    },
    "Contracts (CCP)": {
        "CCP-PUB-1": "bundles come from provisioning services and from operators",
        "CCP-PUB-2": "a bundle's signature is checked before it is confirmed, and its signer has to be trusted",
        "CCP-PUB-3": "an expired contract certificate is refused",
        "CCP-PUB-4": "a vehicle may have several contracts, each under its EMAID",
        "CCP-PUB-5": "the manufacturer hears of contracts that come, change and go",
        "CCP-ISO-1": "operators cannot see or delete each other's contracts",
        "CCP-UPD-1": "the same EMAID overwrites",
        "CCP-DEL-1": "the owner deletes by EMAID: authorisation, form and existence are checked in this order",
        "CCP-DEL-2": "a certificate of our own authority is revoked first; if that fails the contract stays",
        "CCP-DEF-1": "the first contract is the default, another can be made so, and none takes a deleted one's place",
        "CCP-GET-1": "contracts are found by the PCID in the request, verified, and answered as EXI",
        "CCP-GET-2": "signature, chain and status of the request decide the ResponseCode",
        "CCP-GET-3": "only bundles signed below a V2G root the vehicle lists are handed out",
        "CCP-GET-4": "one bundle is handed out: the default, else the most recent (two other policies may be chosen)",
        "CCP-GET-5": "the EXI is made at request time, with the session's id",
        "CCP-GET-6": "a delivery is told",
        "CCP-OEM-1": "a manufacturer gets the bundle unverified and has to verify it itself",
        "CCP-CLEAN-1": "revoked and expired contracts leave by themselves",
        "CCP-CLEAN-2": "a revocation takes the contract out of the pool at once",
    },
    "PKI: EST, OCSP, revocation lists": {
        "PKI-1": "EST: the certificates of an authority and enrolment there, for each role, with rights",
        "PKI-2": "the common name is of the role's form",
        "PKI-3": "a request names CN and O, has a P-256 key and is signed with it",
        "PKI-4": "a caller enrols only ids of its own",
        "PKI-5": "OCSP as RFC 6960 has it, for everybody",
        "PKI-6": "revocation lists signed by the authority that issued",
        "PKI-7": "at most two Sub-CAs between root and leaf",
        "PKI-8": "stations and provisioning services are below a V2G root; contracts and vehicles may have their own",
        "PKI-9": "certificates can be renewed",
        "PKI-10": "a leaf signs no certificates",
        "PKI-11": "renewal begins a week before a leaf ends, a month before a root, or with its revocation",
        "PKI-12": "nothing depends on one algorithm or one length; a new one is taken beside the old",
    },
    "Vehicles, stations and their operators": {
        "EV-1": "a vehicle holds up to five V2G roots",
        "EV-2": "a vehicle verifies the station's chain and its OCSP answer in TLS 1.2 or later",
        "EV-3": "a vehicle verifies a bundle's signature, unwraps the key, and keeps the chain without its root",
        "EV-4": "the contract is shown with its Sub-CAs, and the challenge is signed",
        "EV-5": "whether a contract or external means pay is settled before plug-in",
        "EV-6": "a contract is asked for only where installation is switched on",
        "EV-7": "exactly one contract of a vehicle is its default",
        "CSO-1": "the whole contract chain is validated, at the station or the CSMS, revocation included",
        "CSO-2": "the operator of the contract says by EMAID whether it may charge, or a list does",
        "CSO-3": "external identification before the payment is selected wins over a contract",
        "CSO-4": "OCSP answers for the station's chain come through the CSMS and are renewed",
    },
    "Events": {
        "EVT-1": "every type of event goes to whom it concerns",
        "EVT-2": "the body is authenticated by HMAC-SHA256 with the endpoint's secret",
        "EVT-3": "a 5xx is tried again three times, an hour apart, and then is a failed event",
        "EVT-4": "a manufacturer's 400 or 409 ends the delivery and is told; otherwise the waiting is told",
        "EVT-5": "a payload has the members of its kind",
    },
    "Duties around the pools": {
        "MO-1": "an operator verifies a vehicle's chain and status itself before it sells",
        "MO-2": "an operator asks for vehicles only by a PCID its customer gave",
        "MO-3": "after a factory reset nothing is made anew; after a new key the customer is asked",
        "MO-4": "automatic renewal needs the customer's word, and the customer hears of it",
        "MO-5": "the end of a contract is revocation and deletion everywhere",
        "OEM-1": "the manufacturer tells its customers the PCID",
        "OEM-2": "nothing is installed that the owner did not approve",
        "OEM-3": "every vehicle has a certificate and a PCID of its own",
        "OEM-4": "a revoked contract is removed from the vehicle",
        "EV-7b": "a vehicle signs its request with the provisioning key, and the pool verifies that",
        "EVSE-1": "a station sends its chain without the root, and a stapled OCSP answer",
        "PE-1": "a private station shows its root for pairing, and a vehicle takes it only then",
        "PE-2": "in a private environment there is no OCSP, a longer life, and a local list of EMAIDs",
        "POOL-1": "what is revoked disappears from the pools",
        "POOL-2": "pools of several operators cooperate, and a directory tells which one holds a contract",
        "ID-1": "EMAIDs are compared without hyphens and in upper case, and taken with and without",
        "ID-2": "PCIDs are checked on every way in, EVSEIDs where a station is enrolled",
    },
}
"""Requirements in our words, by their ids in the sources the services are held against."""

RULES: Mapping[str, str] = {rule: demand for part in PARTS.values() for rule, demand in part.items()}

EXCEPTED: Mapping[str, str] = {}
"""Requirements that are not proven, and why; at most :data:`MOST_EXCEPTED`, and 'not yet' is no reason."""

MOST_EXCEPTED = 5

AWAITED: frozenset[str] = frozenset()
"""Requirements whose tests are being written."""


def marked(folder: Path = TESTS) -> dict[str, set[str]]:
    """The files, relative to ``folder``, in which something is marked with each rule, as their text says."""
    files: dict[str, set[str]] = {}
    for path in sorted(folder.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.mark.rule":
                for argument in node.args:
                    files.setdefault(ast.literal_eval(argument), set()).add(path.relative_to(folder).as_posix())
    return files


def page(proven: Mapping[str, Iterable[str]]) -> str:
    """The table: each requirement with the files that prove it, or the reason why none does."""
    lines = [BEGIN]
    for title, part in PARTS.items():
        lines += ["", f"### {title}", "", "| rule | what is demanded | proven by |", "|---|---|---|"]
        for rule, demand in part.items():
            files = ", ".join(f"`{file.removesuffix('.py')}`" for file in sorted(proven.get(rule, ())))
            lines.append(f"| {rule} | {demand} | {files or EXCEPTED.get(rule, '')} |")
    return "\n".join([*lines, "", END])


def committed() -> str:
    """What the document holds between the two marks."""
    text = DOCUMENT.read_text()
    return text[text.index(BEGIN) : text.index(END) + len(END)]


def write(proven: Mapping[str, Iterable[str]]) -> None:
    """Put the table in the place of the one the document holds."""
    DOCUMENT.write_text(DOCUMENT.read_text().replace(committed(), page(proven)))

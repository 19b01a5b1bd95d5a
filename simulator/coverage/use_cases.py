"""The use cases of the CharIN guide and what has to be seen of each: our words, by the ids our checks have.

An item is shown when a check of a run has its id (``2.1.1.1.1/told``); several variants of a scenario may share them.
"""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "2.1.1.1.1": "a new root certification authority is set up and published",
    "2.1.1.1.2": "a root is renewed",
    "2.1.1.1.3": "a root is trusted no more",
    "2.1.1.2.1": "a vehicle gets its certificates",
    "2.1.1.2.2": "a vehicle's certificate is published",
    "2.1.1.2.3": "a provisioning certificate is renewed at its end",
    "2.1.1.2.4": "a provisioning certificate is renewed while it is valid",
    "2.1.1.3.1": "a station gets its certificates",
    "2.1.1.3.2": "a station's certificates are renewed",
    "2.1.1.3.3": "station and CSMS speak in confidence",
    "2.1.2.1": "a contract certificate is made for a subscriber",
    "2.1.2.2": "contract and key are wrapped for one vehicle",
    "2.1.2.3": "the bundle is signed",
    "2.1.2.4": "the bundle is put into the contract pool",
    "2.1.2.5": "a contract certificate is renewed",
    "2.1.3.1": "a contract is installed through the manufacturer",
    "2.1.3.2": "a contract is installed through a charging station",
    "2.1.4.1": "a vehicle is paired with a private station",
    "2.2.1": "a session is authorised by contract",
    "2.2.1.1": "vehicle and station set up TLS",
    "2.2.1.2": "the contract is authenticated",
    "2.2.1.3": "the contract's EMAID is authorised",
    "2.3": "algorithms can be changed",
    "2.4.1.1": "Plug & Charge is switched on and off in the vehicle",
    "2.4.1.2": "installation is switched on and off in the vehicle",
    "2.4.1.3": "contracts are managed in the vehicle",
    "2.4.1.4": "the PCID is used by authorised persons only, the manufacturer sees to it",
    "2.4.2.1": "the PCID is used by authorised persons only, the operator sees to it",
    "2.4.2.2": "Plug & Charge is ended for one vehicle",
    "2.4.2.3": "a contract is terminated",
}

ITEMS: Mapping[str, Mapping[str, str]] = {
    "2.1.1.1.1": {
        "self-signed": "the root is signed by itself",
        "added-by-admin": "the pool's administrator may add it",
        "refused-to-others": "nobody else may",
        "read-by-all": "each role can read it",
        "told": "subscribers are told of it",
        "logged": "the log has its fingerprint",
        "every-kind": "roots of all kinds are in the pool, a V2G root at least",
    },
    "2.1.1.1.2": {
        "both-listed": "the pool has the old root and the new one",
        "old-verifies": "what was issued below the old one still verifies",
        "old-issues-nothing": "the old one issues nothing after the change",
        "leaf-below-new": "a leaf comes below Sub-CAs of the new one",
        "vehicle-updated": "vehicles have the new root",
        "station-updated": "stations have the new root",
    },
    "2.1.1.1.3": {
        "deleted": "the pool takes the root out",
        "told": "subscribers are told that it is revoked",
        "reads-refused": "what was derived from it is not read any more",
        "deliveries-refused": "nor delivered",
        "tls-refused": "vehicles refuse a station below it",
        "cps-refuses": "the provisioning service signs nothing below it",
        "no-contract": "operators make no contract that needs it",
        "stores": "vehicles and stations do not hold it any more",
        "cascade": "it is counted what went, in each pool",
    },
    "2.1.1.2.1": {
        "oem-root": "the manufacturer's root is in the root pool",
        "est": "the certificate is enrolled for over EST",
        "v2g-roots": "the vehicle holds one to five V2G roots",
        "key-inside": "the key never leaves the vehicle",
        "pcid": "the certificate's CN is the PCID",
        "chain": "certificate and Sub-CAs lead to the manufacturer's root",
    },
    "2.1.1.2.2": {
        "put": "the pool takes the publication",
        "same-octets": "an operator reads what was put",
        "nobody-told": "no operator is told",
    },
    "2.1.1.2.3": {
        "only-new": "the pool has the new certificate and no other",
        "told-of-new-key": "operators are told if, and only if, the key is new",
    },
    "2.1.1.2.4": {
        "old-revoked": "the responder says that the old certificate is revoked",
        "bundles-gone": "waiting contracts have left the pool",
        "told": "the operator is told that the vehicle has a new key",
        "new-bundle": "a new contract can be installed",
        "old-bundle-useless": "the vehicle cannot open one of before",
        "previous-pcid": "the entry of a new PCID names the one before",
        "new-contract": "a contract is concluded for the new PCID",
    },
    "2.1.1.3.1": {
        "roots-installed": "the CSMS installs roots (InstallCertificate)",
        "certificate-requested": "the station asks for a certificate (SignCertificate)",
        "certificate-delivered": "and gets it (CertificateSigned)",
        "status-fetched": "OCSP answers come through the CSMS (GetCertificateStatus)",
        "est": "the CSMS enrols at the Sub-CA",
        "staple-kept": "the staple is kept until its nextUpdate",
    },
    "2.1.1.3.2": {
        "renewed-in-time": "leaf a week, root a month before the end, by the lab's clock",
        "revocation-triggers": "a revocation starts a renewal",
        "old-unused": "the old leaf is not shown any more",
    },
    "2.1.1.3.3": {
        "profile-2": "the handshake of security profile 2",
        "profile-3": "the handshake of security profile 3",
        "wrong-root-refused": "a CSMS below another root is refused",
        "wrong-password-refused": "a station with a wrong password is refused",
    },
    "2.1.2.1": {
        "read-by-pcid": "the operator reads the provisioning certificate by its PCID",
        "emaid": "the certificate's CN is the EMAID, check character included",
        "ends-in-time": "it ends no later than the provisioning certificate",
        "unknown-pcid": "an unknown PCID is answered 404",
    },
    "2.1.2.2": {
        "wrapped": "the wrapped key has 48 octets, the ephemeral one 65",
        "unwraps": "the vehicle's key opens it: the key of the certificate",
    },
    "2.1.2.3": {
        "verifies": "the signature leads to the root that was chosen",
        "several-roots": "for a vehicle of unknown roots there are several bundles",
    },
    "2.1.2.4": {
        "stored": "the pool takes the bundle (201)",
        "tampered-refused": "and no tampered one (400)",
        "told": "the manufacturer is told (oem.contract.created)",
        "exi-at-request": "EXI is made as it is asked for",
    },
    "2.1.2.5": {
        "opt-out": "nothing is renewed without the customer's word",
        "overwritten": "the pool's bundle is replaced",
        "told": "the manufacturer is told (oem.contract.updated)",
        "old-superseded": "the old certificate is superseded",
    },
    "2.1.3.1": {
        "told": "the manufacturer hears of the bundle",
        "approved-first": "the owner has to approve it",
        "provided": "the pool hands it to the manufacturer",
        "delivered-told": "the operator hears that it was delivered",
        "held": "the vehicle holds it",
    },
    "2.1.3.2": {
        "whole-way": "request and answer are seen between vehicle, station, CSMS and pool",
        "refusals": "each refusal has its ResponseCode",
        "same-session": "the SessionID is the same throughout",
        "held": "the vehicle holds the contract",
    },
    "2.1.4.1": {
        "unpaired-refused": "without pairing the private root is refused",
        "paired": "with pairing it is kept",
        "again-without-pairing": "the next session needs no pairing",
        "offline": "it works without a back end",
    },
    "2.2.1": {
        "with-contract": "a session with an installed contract, from end to end",
        "without-contract": "one that installs it first",
    },
    "2.2.1.1": {
        "unknown-root": "a station below an unknown root is refused",
        "expired": "an expired one",
        "revoked": "a revoked one",
        "staple": "one without a staple, or with an old one",
        "cipher": "a wrong cipher suite",
    },
    "2.2.1.2": {
        "wrong-challenge": "a wrong challenge has its ResponseCode",
        "bad-signature": "a bad signature",
        "expired": "an expired contract",
        "revoked": "a revoked one",
        "unknown-root": "one below an unknown root",
    },
    "2.2.1.3": {
        "accepted": "the CSMS accepts a good contract",
        "unknown": "and no unknown EMAID",
        "blocked": "and no blocked one",
    },
    "2.3": {
        "configured": "curves and hashes are configuration",
        "unknown-refused": "an unknown algorithm is refused cleanly",
    },
    "2.4.1.1": {
        "off": "with Plug & Charge off a card pays",
        "on": "with Plug & Charge on the contract pays",
        "plugged": "a change after plug-in is for the next session",
    },
    "2.4.1.2": {
        "only-in-mode": "a contract is asked for only where installation is on",
    },
    "2.4.1.3": {
        "switched": "with another default the other EMAID pays",
        "default-told": "the pool's default is moved",
    },
    "2.4.1.4": {
        "unapproved": "what the owner did not approve is not installed",
    },
    "2.4.2.1": {
        "malformed": "a malformed PCID is answered 400",
        "unknown": "an unknown one 404",
        "no-emaid": "and no contract comes of either",
    },
    "2.4.2.2": {
        "deleted": "the pool deletes the contract",
        "revoked": "responder and list say that it is revoked",
        "refused": "the next session is refused",
        "told": "the manufacturer is told",
        "left-vehicle": "the vehicle deletes it",
    },
    "2.4.2.3": {
        "all-revoked": "the contracts of all the customer's vehicles are revoked",
        "end-date": "a contract that has come to its agreed end goes by itself",
    },
}

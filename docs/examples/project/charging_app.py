"""Somebody's own code: energy from OCPP frames, and the roots of a pool."""

import json
import urllib.request


def energy(frames):
    """Wh of the highest meter reading that a station's TransactionEvent calls have told."""
    told = 0.0
    for frame in map(json.loads, frames):
        if frame[0] == 2 and frame[2] == "TransactionEvent":
            for value in frame[3].get("meterValue", []):
                for sample in value["sampledValue"]:
                    if sample.get("measurand", "Energy.Active.Import.Register") == "Energy.Active.Import.Register":
                        told = max(told, sample["value"])
    return told


def roots(base, token):
    """The V2G roots that a pool at ``base`` hands out."""
    headers = {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"{base}/v1/root/rootCerts?rootType=v2g", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["RootCertificateCollection"]["rootCertificates"]

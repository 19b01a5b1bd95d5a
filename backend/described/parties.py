"""What is not published, for no two operators and manufacturers do it alike: their back offices as these are."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import (
    BASE64,
    BOOLEAN,
    CERTIFICATE,
    NOTHING,
    TEXT,
    Described,
    Media,
    listed,
    record,
    text,
    words,
)

VEHICLE = record(
    "FleetVehicle",
    {"vin": TEXT},
    {
        "pcid": TEXT,
        "wantedPcid": text("what it is to be called, once it is renewed"),
        "previousPcid": TEXT,
        "owner": TEXT,
        "published": BOOLEAN,
        "provisioningCertificate": CERTIFICATE,
        "predecessors": listed(CERTIFICATE),
        "v2gRootAuthorityKeyIdentifiers": listed(TEXT),
        "contracts": listed(TEXT),
    },
)
ERRAND = record(
    "Errand",
    {"id": TEXT, "deed": TEXT, "state": TEXT},
    {"emaid": TEXT, "pcid": TEXT, "fingerprint": TEXT, "text": TEXT, "newKey": BOOLEAN},
)

OEM: Mapping[str, Described] = {
    "getMyVehicleCode": Described(
        summary="The PCID of an owner's vehicle as a QR code, to be shown to an operator",
        answers={200: Media("image/png", {"type": "string", "description": "the text in it is the PCID alone"})},
        errors=(404, 429),
    ),
    "orderVehicle": Described(
        summary="Have a vehicle made",
        body=record("Order", {"pcid": TEXT}),
        answers={201: VEHICLE},
        errors=(409,),
    ),
    "getVehicle": Described(summary="What is known of a vehicle", answers={200: VEHICLE}, errors=(404,)),
    "withdrawVehicle": Described(
        summary="Take a vehicle off the road", answers={200: NOTHING}, errors=(404, 409, 502, 503)
    ),
    "equipVehicle": Described(
        summary="The vehicle's telematics certificate, on the line",
        body=Media("application/pkcs10", BASE64),
        answers={
            200: record(
                "Equipment",
                {
                    "telematicsCertificate": text("PEM"),
                    "manufacturerRoot": text("PEM"),
                    "telematics": text("the URL it calls"),
                },
            )
        },
        errors=(404, 409),
    ),
    "renewVehicle": Described(
        summary="Have a vehicle fetch a new provisioning certificate",
        body=record(
            "Renewal",
            {},
            {"pcid": text("another PCID"), "newKey": BOOLEAN, "revoke": words("now", "later")},
        ),
        optional=True,
        answers={201: ERRAND},
        errors=(404, 409, 502, 503),
    ),
    "revokePredecessors": Described(
        summary="Revoke the provisioning certificates a vehicle had before", answers={200: VEHICLE}, errors=(404, 502)
    ),
    "resetVehicle": Described(
        summary="Reset a vehicle: its contracts go, and nobody makes them anew",
        answers={200: VEHICLE},
        errors=(404, 409, 502, 503),
    ),
    "getErrands": Described(
        summary="What a vehicle is to do, and has done",
        answers={200: record("Errands", {"errands": listed(ERRAND)})},
        errors=(404,),
    ),
    "getTelematics": Described(
        summary="Where vehicles call", answers={200: record("Telematics", {"telematics": text("a URL; or empty")})}
    ),
}

"""What the PKI's operations take and answer: enrolment, OCSP, revocation lists."""

from __future__ import annotations

from collections.abc import Mapping

from pncsim.backend.described.words import BASE64, TEXT, Described, Media, listed, record

OCTETS = {"type": "string", "contentEncoding": "binary"}
BAG = Media("application/pkcs7-mime", BASE64)
_MORE = "`/ISO15118-2`, `/secp256r1` and a last slash may follow; `<name>-` before the authority names another PKI."
ENROL = Described(
    summary="Issue a certificate",
    body=Media("application/pkcs10", {"type": "string", "description": "PKCS#10 as base64 or PEM"}),
    answers={200: BAG},
    errors=(404, 503),
    more=f"Leaf, Sub-CA 2, Sub-CA 1 as PKCS#7 in base64. {_MORE}",
)

END_ENTITY = record("EndEntity", {"commonName": TEXT}, {"evseID": listed(TEXT)})

EST: Mapping[str, Described] = {
    "cacerts": Described(
        summary="The authorities above a leaf",
        answers={200: BAG},
        errors=(404, 503),
        more=f"Sub-CA 2, Sub-CA 1, root as PKCS#7 in base64. {_MORE}",
    ),
    "csrattrs": Described(
        summary="What a request has to have",
        answers={200: Media("application/csrattrs", BASE64)},
        errors=(404, 503),
        more=_MORE,
    ),
    "simpleenroll": ENROL,
    "simplereenroll": ENROL,
    "getEndEntities": Described(
        summary="The stations the caller has announced",
        answers={200: listed(END_ENTITY)},
        more="Of no published version of the protocol.",
    ),
    "saveEndEntity": Described(
        summary="Announce a station, or say something else of one",
        body=END_ENTITY,
        answers={200: END_ENTITY},
        errors=(409,),
        more="Of no published version of the protocol; enrolment does not ask for it. Further members are kept.",
    ),
}

OCSP: Mapping[str, Described] = {
    "ocsp": Described(
        summary="The status of a certificate (RFC 6960)",
        body=Media("application/ocsp-request", OCTETS),
        answers={200: Media("application/ocsp-response", OCTETS)},
    )
}

CRL: Mapping[str, Described] = {
    "crl": Described(
        summary="An authority's revocation list (RFC 5280)",
        answers={200: Media("application/pkix-crl", OCTETS)},
        errors=(404,),
    )
}

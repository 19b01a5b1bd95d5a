"""Make the EXI vectors anew, judged by somebody else's codec.

    pip install iso15118==0.31.2          # in any environment; Java 17 or later on the PATH
    python tests/vectors/exi/make.py [--site SITE_PACKAGES_OF_THAT_ENVIRONMENT]

Values are drawn with fixed seeds from our declarations, written as XML and encoded by EXIficient; ``vectors.jsonl``
keeps its bytes beside our JSON view. The tests compare our codec with the file, so they need no Java. Exit code 1 if
the judge and our codec differ anywhere.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[2]), str(HERE.parents[1] / "exi")]

from judge import Judge, package_directory  # noqa: E402
from samples import BODY_MESSAGES, WIDE, Sampler  # noqa: E402

from pncsim.wire.exi import views  # noqa: E402
from pncsim.wire.v2g.registry import codec  # noqa: E402

VARIANTS: dict[str, dict[str, Any]] = {
    "minimal": {"optional": 0.0, "longest_list": 1},
    "maximal": {"optional": 1.0, "full": True, "longest_list": 2},
    "random1": {"optional": 0.5},
    "random2": {"optional": 0.7, "letters": WIDE},
}

SIGNED = (
    "AuthorizationReq",
    "CertificateInstallationReq",
    "CertificateUpdateReq",
    "ContractSignatureCertChain",
    "ContractSignatureEncryptedPrivateKey",
    "DHpublickey",
    "MeteringReceiptReq",
    "SalesTariff",
    "SignedInfo",
    "eMAID",
)
"""The elements that ISO 15118-2 signatures cover, and SignedInfo itself in the message grammar."""

Case = tuple[str, str, str, str | None, Any]  # set, kind, label, element name of a fragment, value


def cases() -> Iterator[Case]:
    """Every value that gets a vector."""
    from pncsim.wire.v2g import appprotocol, xmldsig

    for label, options in VARIANTS.items():
        for name in BODY_MESSAGES:
            yield "iso2", "document", f"{name}/{label}", None, _sampler("iso2", name, label, options).message(name)
        for cls in (appprotocol.SupportedAppProtocolReq, appprotocol.SupportedAppProtocolRes):
            given = {**options, "longest_list": 20 if label == "maximal" else options.get("longest_list", 4)}
            value = _sampler("app", cls.__name__, label, given).make(cls)
            yield "app", "document", f"{cls.__name__}/{label}", None, value
        for name in SIGNED:
            type_ = next(types[0] for (local, _), types in codec("iso2").schema.fragments if local == name)
            value = _sampler("iso2", name, label, options).make(type_)
            yield "iso2", "fragment", f"{name}/{label}", name, value
        for part in (xmldsig.SignedInfoType, xmldsig.SignatureType):
            value = _sampler("xmldsig", part.__name__, label, options).make(part)
            yield "xmldsig", "fragment", f"{part.__element__}/{label}", part.__element__, value


def _sampler(set_name: str, name: str, label: str, options: dict[str, Any]) -> Sampler:
    return Sampler(Random(f"{set_name} {name} {label}"), set_name, **options)


def main() -> int:
    """Write the file; see the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--site", help="site-packages folder in which iso15118 is installed")
    shared = package_directory(parser.parse_args().site)
    judges: dict[tuple[str, str], Judge] = {}
    lines, different = [], 0
    for set_name, kind, label, name, value in cases():
        if (set_name, kind) not in judges:
            judges[set_name, kind] = Judge(shared, set_name, kind)
        judge, coder = judges[set_name, kind], codec(set_name)
        judged = judge.encode(views.to_xml(coder, value, name))
        ours = (coder.encode_fragment(name, value) if name else coder.encode(value)).hex()
        if name:
            read: Any = views.fragment_from_xml(coder, judge.decode(judged))[1]
        else:
            read = views.from_xml(coder, judge.decode(judged))
        if ours != judged or read != value:
            different += 1
            print(f"{set_name} {kind} {label}: we write {ours[:80]}, the judge {judged[:80]}", file=sys.stderr)
        view = views.to_json(coder, value, name)
        lines.append(
            json.dumps(
                {"set": set_name, "kind": kind, "label": label, "hex": judged, "json": view}, separators=(",", ":")
            )
        )
    for judge in judges.values():
        judge.close()
    (HERE / "vectors.jsonl").write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} vectors, {different} differences")
    return int(different > 0)


if __name__ == "__main__":
    sys.exit(main())

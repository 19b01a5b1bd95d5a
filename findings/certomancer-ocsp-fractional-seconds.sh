#!/usr/bin/env bash
# PyPI certomancer 0.16.0 (a PKI for tests: certificates, CRLs and OCSP answers from one YAML file), here a V2G hierarchy.
# Sure beforehand: its OCSP answers are good for every reader, and its responder knows the three hashes OCPP 2.0.1 has for
# certificate ids.
# What happens: producedAt, thisUpdate and nextUpdate have fractions of a second, which RFC 6960 4.2.1 (by RFC 5280
# 4.1.2.5.2) forbids: OpenSSL says good, cryptography 50.0.2 cannot load the answer (ValueError at produced_at).
# Whoever tests against it needs --at-time with whole seconds. And a request with an id by SHA-512 is answered
# with internalError, by SHA-256 with good.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
python3 -m venv venv
venv/bin/pip install -q certomancer==0.16.0 cryptography==50.0.2 2>pip.log || { cat pip.log; exit 1; }
mkdir keys
for name in root sub leaf; do openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:prime256v1 -out keys/$name.pem 2>/dev/null; done
cat >certomancer.yml <<'YAML'
external-url-prefix: "http://127.0.0.1:9000"
keysets:
  v2g:
    path-prefix: keys
    keys: {root: {path: root.pem}, sub: {path: sub.pem}, leaf: {path: leaf.pem}}
pki-architectures:
  v2g:
    keyset: v2g
    entity-defaults: {organization-name: Lab}
    entities:
      root: {common-name: Lab V2G Root, domain-component: V2G}
      sub: {common-name: Lab CPO Sub2, domain-component: V2G}
      leaf: {common-name: DEABCS00001, domain-component: CPO}
    certs:
      root:
        subject: root
        issuer: root
        validity: &long {valid-from: "2020-01-01T00:00:00+0000", valid-to: "2060-01-01T00:00:00+0000"}
        profiles: [simple-ca]
      sub:
        issuer: root
        validity: *long
        profiles: [{id: simple-ca, params: {max-path-len: 0}}]
      leaf:
        issuer: sub
        validity: *long
        extensions:
          - {id: key_usage, critical: true, smart-value: {schema: key-usage, params: [digital_signature, key_agreement]}}
    services:
      ocsp:
        sub: {for-issuer: sub, responder-cert: sub, signing-key: sub}
YAML
certomancer() { venv/bin/certomancer --config certomancer.yml "$@" >certomancer.log 2>&1 || { cat certomancer.log; return 1; }; }
certomancer mass-summon v2g certificates
ca=$(find certificates -name 'sub.cert.pem')
root=$(find certificates -name 'root.cert.pem')
leaf=$(find certificates -name 'leaf.cert.pem')
certomancer seance v2g leaf sub now.der
certomancer seance --at-time 2026-11-28T12:00:00+0000 v2g leaf sub whole.der

openssl_says=$(openssl ocsp -respin now.der -issuer "$ca" -sha256 -cert "$leaf" -CAfile "$root" -no_nonce 2>&1 | sed -n 's/.*leaf.cert.pem: //p')
for hash in sha256 sha512; do openssl ocsp -issuer "$ca" -$hash -cert "$leaf" -no_nonce -reqout $hash.der >/dev/null 2>&1; done
cat >read.py <<'PY'
import datetime
import sys

from asn1crypto import ocsp as asn1
from certomancer.registry import CertomancerConfig
from cryptography.x509 import ocsp


def read(file: str) -> str:
    try:
        return ocsp.load_der_ocsp_response(open(file, "rb").read()).certificate_status.name
    except ValueError as error:
        return f"ValueError at {str(error).split('::')[-1].split(chr(34))[0]}"


services = CertomancerConfig.from_file("certomancer.yml").get_pki_arch("v2g").service_registry
responder = services.summon_responder("sub", at_time=datetime.datetime.now(datetime.timezone.utc))
answers = [responder.build_ocsp_response(asn1.OCSPRequest.load(open(f"{name}.der", "rb").read())) for name in ("sha256", "sha512")]
produced = asn1.OCSPResponse.load(open("now.der", "rb").read()).response_data["produced_at"].contents.decode()
fraction = "with a fraction" if "." in produced else "whole"
print(f"producedAt {fraction}; cryptography: now {read('now.der')}, whole seconds {read('whole.der')};", *(f"id {answer['response_status'].native}" for answer in answers))
PY
seen="OpenSSL $openssl_says; $(venv/bin/python read.py)"
echo "$seen"
[ "$seen" = "OpenSSL good; producedAt with a fraction; cryptography: now ValueError at produced_at, whole seconds GOOD; id successful id internal_error" ] \
  || { echo "CHANGED: certomancer's OCSP answers"; exit 1; }

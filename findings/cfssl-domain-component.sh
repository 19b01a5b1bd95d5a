#!/usr/bin/env bash
# Debian golang-cfssl 1.2.0+git20160825.89.7fb22c8-3.1+b11 (CFSSL 1.2.0, Go 1.19), `cfssl sign` and `cfssl ocspserve`.
# Sure beforehand: told nothing about the subject, a CA issues for the one that the request asks for, or refuses; and a
# responder answers about the id it was asked for, or says that it does not know it. Both are how V2G certificates (DC=CPO
# marks a station's) and OCPP's hash data (ids by SHA-256, 384 or 512) get through a CA that knows nothing of either.
# What happens: the domainComponent is gone without a word and the rest is put in another order, so the certificate has
# no profile of ISO 15118 (Go's name keeps on writing only the attributes it has a field for). The responder takes any
# hash, goes by the serial alone and answers with the id it holds, by SHA-1: OpenSSL verifies the answer and finds "No
# Status" in it. Who has only OCPP's hash data, and no certificate to make another id of, gets nothing from it.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
version=1.2.0+git20160825.89.7fb22c8-3.1+b11
apt-get -qq download "golang-cfssl=$version" 2>apt.log || { cat apt.log; echo "cfssl $version is not to be had"; exit 1; }
dpkg -x golang-cfssl_*.deb root
cfssl() { root/usr/bin/cfssl "$@" 2>cfssl.log || { cat cfssl.log; exit 1; }; }
field() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]], end="")' "$1"; }

for name in sub2 secc; do openssl ecparam -name prime256v1 -genkey -noout -out $name.key; done
openssl req -x509 -new -key sub2.key -subj "/CN=Lab CPO Sub2/O=Lab/DC=V2G" -days 2 -out sub2.pem -addext keyUsage=critical,keyCertSign,cRLSign
openssl req -new -key secc.key -subj "/CN=DEABCS00001/O=Lab/DC=CPO" -out secc.csr
cfssl sign -ca sub2.pem -ca-key sub2.key secc.csr | field cert >secc.pem
asked=$(openssl req -in secc.csr -noout -subject -nameopt sep_comma_plus)
issued=$(openssl x509 -in secc.pem -noout -subject -nameopt sep_comma_plus)
echo "asked for: $asked; issued: $issued; warnings: $(grep -vc INFO cfssl.log || true)"

{ cfssl ocspsign -ca sub2.pem -responder sub2.pem -responder-key sub2.key -cert secc.pem -status good | field ocspResponse; echo; } >answers
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
root/usr/bin/cfssl ocspserve -address 127.0.0.1 -port "$port" -responses answers 2>serve.log &
for _ in $(seq 50); do (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break; sleep 0.1; done
ask() { openssl ocsp -issuer sub2.pem "$1" -cert secc.pem -url "http://127.0.0.1:$port" -CAfile sub2.pem -no_nonce 2>&1 | grep -o 'verify OK\|good\|No Status found' | paste -sd, || true; }
sha1=$(ask -sha1)
sha256=$(ask -sha256)
echo "asked by SHA-1: $sha1; by SHA-256: $sha256"
[ "$issued" = "subject=O=Lab,CN=DEABCS00001" ] || { echo "CHANGED: the subject that cfssl issues for"; exit 1; }
[ "$sha1; $sha256" = "verify OK,good; verify OK,No Status found" ] || { echo "CHANGED: what cfssl's responder answers"; exit 1; }

#!/usr/bin/env bash
# Debian libwolfssl35 5.5.4-2+deb12u3, a TLS 1.3 client that asks for OCSP staples, against GnuTLS 3.7.9 (gnutls-serv).
# Sure beforehand: TLS 1.3 carries a staple with each certificate, ISO 15118-20 wants the station to send them for the
# leaf and both Sub-CAs, and a client that asks with status_request takes a good staple for every certificate.
# What happens: with the leaf's staple alone it connects; with the staples of all three, each of them good, it ends the
# handshake with -406 (bad certificate status): it holds every staple against the leaf. In TLS 1.2, where the same server
# can send only the leaf's, both are fine. A station that such vehicles shall reach staples the leaf only, or nothing.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
wolfssl=5.5.4-2+deb12u3
gnutls=3.7.9-2+deb12u7
apt-get -qq download "libwolfssl35=$wolfssl" "gnutls-bin=$gnutls" "libgnutls30=$gnutls" "libgnutls-dane0=$gnutls" \
  libunbound8 libevent-2.1-7 2>apt.log || { cat apt.log; echo "the packages are not to be had"; exit 1; }
for package in ./*.deb; do dpkg -x "$package" root; done

issue() {  # NAME SUBJECT ISSUER EXTENSIONS
  openssl ecparam -name prime256v1 -genkey -noout -out "$1.key"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  printf '%b\nsubjectKeyIdentifier=hash\n' "$4" >"$1.ext"
  if [ "$1" = "$3" ]; then
    openssl x509 -req -in "$1.csr" -signkey "$1.key" -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
  else
    openssl x509 -req -in "$1.csr" -CA "$3.pem" -CAkey "$3.key" -CAcreateserial -days 1 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
    printf 'V\t350101000000Z\t\t%s\tunknown\t%s\n' "$(openssl x509 -in "$1.pem" -noout -serial | cut -d= -f2)" "$2" >"$1.index"
    openssl ocsp -index "$1.index" -CA "$3.pem" -rsigner "$3.pem" -rkey "$3.key" -ndays 1 -issuer "$3.pem" -cert "$1.pem" \
      -no_nonce -respout "$1.ocsp" >/dev/null 2>&1
  fi
}
authority="keyUsage=critical,keyCertSign,cRLSign\nbasicConstraints=critical,CA:TRUE"
issue root "/CN=Lab V2G Root/O=Lab/DC=V2G" root "$authority"
issue sub1 "/CN=Lab CPO Sub1/O=Lab/DC=V2G" root "$authority,pathlen:1"
issue sub2 "/CN=Lab CPO Sub2/O=Lab/DC=V2G" sub1 "$authority,pathlen:0"
issue secc "/CN=DEABCS00001/O=Lab/DC=CPO" sub2 "keyUsage=critical,digitalSignature,keyAgreement\nbasicConstraints=critical,CA:FALSE"
cat secc.pem sub2.pem sub1.pem >chain.pem

cat >client.py <<'PY'
"""client.py 1.2|1.3 PORT: one handshake that asks for a staple; the error number (0 for success)."""

import ctypes
import socket
import sys

tls, port = sys.argv[1:3]
wolf = ctypes.CDLL("root/usr/lib/x86_64-linux-gnu/libwolfssl.so.35")
method = getattr(wolf, f"wolfTLSv{tls.replace('.', '_')}_client_method")
for function in (method, wolf.wolfSSL_CTX_new, wolf.wolfSSL_new):
    function.restype = ctypes.c_void_p
wolf.wolfSSL_Init()
context = ctypes.c_void_p(wolf.wolfSSL_CTX_new(ctypes.c_void_p(method())))
assert wolf.wolfSSL_CTX_load_verify_locations(context, b"root.pem", None) == 1
wolf.wolfSSL_CTX_set_verify(context, 1, None)
assert wolf.wolfSSL_CTX_EnableOCSPStapling(context) == 1
session = ctypes.c_void_p(wolf.wolfSSL_new(context))
assert wolf.wolfSSL_UseOCSPStapling(session, 1, 0) == 1  # status type OCSP
connection = socket.create_connection(("127.0.0.1", int(port)))
wolf.wolfSSL_set_fd(session, connection.fileno())
result = wolf.wolfSSL_connect(session)
print(0 if result == 1 else wolf.wolfSSL_get_error(session, result))
PY
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
against() {  # the staples' files
  local options=()
  for staple; do options+=(--ocsp-response "$staple"); done
  LD_LIBRARY_PATH=root/usr/lib/x86_64-linux-gnu root/usr/bin/gnutls-serv --quiet --port "$port" --x509certfile chain.pem \
    --x509keyfile secc.key "${options[@]}" >server.log 2>&1 </dev/null &
  local server=$!
  until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do sleep 0.1; done
  echo "TLS 1.2 $(python3 client.py 1.2 "$port"), TLS 1.3 $(python3 client.py 1.3 "$port")"
  kill $server
  wait $server 2>/dev/null || true
}
leaf=$(against secc.ocsp)
all=$(against secc.ocsp sub2.ocsp sub1.ocsp)
echo "wolfSSL $wolfssl against GnuTLS $gnutls: staple of the leaf: $leaf; of the whole chain: $all"
[ "$leaf; $all" = "TLS 1.2 0, TLS 1.3 0; TLS 1.2 0, TLS 1.3 -406" ] || { echo "CHANGED: wolfSSL and the staples of a chain"; exit 1; }

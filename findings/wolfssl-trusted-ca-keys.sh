#!/usr/bin/env bash
# Debian libwolfssl35 5.5.4-2+deb12u3, a TLS client that names its roots (wolfSSL_UseTrustedCA, extension
# trusted_ca_keys, which ISO 15118-2 asks of a vehicle), against OpenSSL 3.0 and against wolfSSL's own server.
# Sure beforehand: RFC 6066 lets a server ignore trusted_ca_keys or answer it with an empty extension, so the client
# gets through with both; with its own server at the least.
# What happens: it gets through with neither. A server that does not answer: error -434 (response absent), in TLS 1.2 and
# 1.3. wolfSSL's server in TLS 1.2, which knows the root and answers: error -424 (extension not allowed in this
# message). A vehicle on this version cannot name its roots at all; without the call the same client connects.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
version=5.5.4-2+deb12u3
apt-get -qq download "libwolfssl35=$version" 2>apt.log || { cat apt.log; echo "wolfSSL $version is not to be had"; exit 1; }
dpkg -x ./*.deb root
openssl ecparam -name prime256v1 -genkey -noout -out root.key
openssl ecparam -name prime256v1 -genkey -noout -out secc.key
openssl req -x509 -new -key root.key -subj "/CN=Lab V2G Root/O=Lab/DC=V2G" -days 2 -out root.pem
openssl req -new -key secc.key -subj "/CN=DEABCS00001/O=Lab/DC=CPO" -out secc.csr
openssl x509 -req -in secc.csr -CA root.pem -CAkey root.key -days 1 -out secc.pem 2>/dev/null
openssl x509 -in root.pem -outform DER -out root.der

cat >peer.py <<'PY'
"""peer.py client|server 1.2|1.3 PORT trusted|plain: one handshake by wolfSSL, then the error number (0 for success)."""

import ctypes
import socket
import sys


def elements(data: bytes):
    """Each DER element at this level: whole, and its content."""
    while data:
        length, head = data[1], 2
        if length & 0x80:
            head += length & 0x7F
            length = int.from_bytes(data[2:head], "big")
        yield data[: head + length], data[head : head + length]
        data = data[head + length :]


role, tls, port, trusted = sys.argv[1:5]
wolf = ctypes.CDLL("root/usr/lib/x86_64-linux-gnu/libwolfssl.so.35")
for name in ("wolfTLSv1_2_client_method", "wolfTLSv1_3_client_method", "wolfTLSv1_2_server_method", "wolfTLSv1_3_server_method",
             "wolfSSL_CTX_new", "wolfSSL_new"):
    getattr(wolf, name).restype = ctypes.c_void_p
wolf.wolfSSL_Init()
context = ctypes.c_void_p(wolf.wolfSSL_CTX_new(ctypes.c_void_p(getattr(wolf, f"wolfTLSv{tls.replace('.', '_')}_{role}_method")())))
if role == "server":
    assert wolf.wolfSSL_CTX_use_certificate_chain_file(context, b"secc.pem") == 1
    assert wolf.wolfSSL_CTX_use_PrivateKey_file(context, b"secc.key", 1) == 1
    listener = socket.create_server(("127.0.0.1", int(port)))
    listener.settimeout(20)
    print(listener.getsockname()[1], flush=True)
    connection, _ = listener.accept()
    connection.setblocking(True)
else:
    assert wolf.wolfSSL_CTX_load_verify_locations(context, b"root.pem", None) == 1
    connection = socket.create_connection(("127.0.0.1", int(port)))
session = ctypes.c_void_p(wolf.wolfSSL_new(context))
if trusted == "trusted":
    tbs = next(elements(next(elements(open("root.der", "rb").read()))[1]))[1]
    name = list(elements(tbs))[3][0]  # the issuer, here the root itself
    assert wolf.wolfSSL_UseTrustedCA(session, 2, name, len(name)) == 1  # 2: X.509 name
wolf.wolfSSL_set_fd(session, connection.fileno())
result = getattr(wolf, "wolfSSL_connect" if role == "client" else "wolfSSL_accept")(session)
print(0 if result == 1 else wolf.wolfSSL_get_error(session, result))
PY
with_openssl() {  # TLS version, trusted|plain
  rm -f server.log
  openssl s_server -accept 127.0.0.1:0 -cert secc.pem -key secc.key -www -naccept 1 >server.log 2>&1 </dev/null &
  until grep -q ^ACCEPT server.log 2>/dev/null; do sleep 0.1; done
  python3 peer.py client "$1" "$(sed -n 's/^ACCEPT .*:\([0-9]*\).*/\1/p' server.log | head -1)" "$2"
}
with_itself() {
  rm -f server.log
  python3 peer.py server "$1" 0 trusted >server.log 2>&1 &
  until [ -s server.log ]; do sleep 0.1; done
  python3 peer.py client "$1" "$(head -1 server.log)" "$2"
  wait $! || true
}
seen="OpenSSL 1.2: $(with_openssl 1.2 trusted); OpenSSL 1.3: $(with_openssl 1.3 trusted); itself 1.2: $(with_itself 1.2 trusted); without it, OpenSSL 1.2: $(with_openssl 1.2 plain)"
echo "wolfSSL $version with trusted_ca_keys: $seen"
[ "$seen" = "OpenSSL 1.2: -434; OpenSSL 1.3: -434; itself 1.2: -424; without it, OpenSSL 1.2: 0" ] || { echo "CHANGED: wolfSSL's trusted_ca_keys"; exit 1; }

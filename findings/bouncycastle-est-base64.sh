#!/usr/bin/env bash
# Debian libbcpkix-java 1.72-2 (Bouncy Castle's EST client, ESTService) on JDK 17, against a small EST server of Python's.
# Sure beforehand: the bodies of EST are base64, whatever a Content-Transfer-Encoding header says or whether there is one
# (RFC 8951 section 3: any value in such a header MUST be ignored); and HTTP/1.1 frames them by length or in chunks.
# What happens: the header decides. Without it the base64 is read as DER: a ClassCastException from /cacerts, "Stream closed
# before limit fully read" from /simpleenroll; bare DER without it, which no RFC has, is good. In chunks the former has "no
# certificates", the latter ends in a NullPointerException. A server at which vehicles or stations with this client enroll
# sends Content-Transfer-Encoding: base64 and Content-Length.
# Needs Java: OpenJDK 17.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
version=1.72-2
apt-get -qq download "libbcpkix-java=$version" "libbcprov-java=$version" "libbcutil-java=$version" 2>apt.log || { cat apt.log; echo "Bouncy Castle $version is not to be had"; exit 1; }
for package in ./*.deb; do dpkg -x "$package" root; done
for name in root server vehicle; do openssl ecparam -name prime256v1 -genkey -noout -out $name.key; done
openssl req -x509 -new -key root.key -subj "/CN=Lab OEM Root/O=Lab/DC=OEM" -days 2 -out root.pem -addext keyUsage=critical,keyCertSign
issue() {  # NAME SUBJECT EXTENSION
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  echo "$3" >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA root.pem -CAkey root.key -CAcreateserial -days 1 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}
issue server "/CN=localhost" "subjectAltName=DNS:localhost"
issue vehicle "/CN=WMIABC00000000001/O=Lab/DC=OEM" "keyUsage=critical,digitalSignature,keyAgreement"
openssl crl2pkcs7 -nocrl -certfile root.pem -outform DER -out cacerts
openssl crl2pkcs7 -nocrl -certfile vehicle.pem -outform DER -out simpleenroll

cat >server.py <<'PY'
"""EST over TLS; the label in the path says how the answer is written."""
import base64
import pathlib
import ssl
from http.server import BaseHTTPRequestHandler, HTTPServer


class Est(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        label, operation = self.path.split("/")[-2:]
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = pathlib.Path(operation).read_bytes()
        body = body if label == "der" else base64.encodebytes(body)
        self.send_response(200)
        self.send_header("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
        self.send_header("Connection", "close")
        if label in ("header", "chunks"):
            self.send_header("Content-Transfer-Encoding", "base64")
        if label == "chunks":
            self.send_header("Transfer-Encoding", "chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET


server = HTTPServer(("127.0.0.1", 0), Est)
tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain("server.pem", "server.key")
server.socket = tls.wrap_socket(server.socket, server_side=True)
print(server.server_port, flush=True)
server.serve_forever()
PY
cat >Enroll.java <<'JAVA'
import java.io.FileInputStream;
import java.io.FileReader;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.Set;
import javax.net.ssl.X509TrustManager;
import org.bouncycastle.est.ESTService;
import org.bouncycastle.est.jcajce.JcaJceUtils;
import org.bouncycastle.est.jcajce.JsseESTServiceBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.pkcs.PKCS10CertificationRequest;

/** Enroll PORT LABEL...: /cacerts and /simpleenroll under each label, and what the client makes of the answer. */
public class Enroll {
  interface Call { int certificates() throws Exception; }

  static String seen(Call call) {
    try {
      return call.certificates() + " certificate";
    } catch (Exception error) {
      Throwable cause = error;
      while (cause.getCause() != null) cause = cause.getCause();
      return cause.getClass().getSimpleName();
    }
  }

  public static void main(String[] args) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    X509Certificate root = (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(new FileInputStream("root.pem"));
    X509TrustManager[] trust = JcaJceUtils.getCertPathTrustManager(Set.of(new TrustAnchor(root, null)), null);
    PKCS10CertificationRequest request = (PKCS10CertificationRequest) new PEMParser(new FileReader("vehicle.csr")).readObject();
    for (int i = 1; i < args.length; i++) {
      ESTService service = new JsseESTServiceBuilder("localhost:" + args[0], trust).withLabel(args[i]).build();
      System.out.println(args[i] + ": cacerts " + seen(() -> service.getCACerts().getCertificateStore().getMatches(null).size())
          + ", simpleenroll " + seen(() -> service.simpleEnroll(false, request, null).getStore().getMatches(null).size()));
    }
  }
}
JAVA
timeout 60 python3 server.py >port &
for _ in $(seq 50); do [ -s port ] && break; sleep 0.1; done
seen=$(java -cp "$(printf '%s:' root/usr/share/java/bc*-1.72.jar)" Enroll.java "$(cat port)" header nothing der chunks)
echo "$seen"
kept="header: cacerts 1 certificate, simpleenroll 1 certificate
nothing: cacerts ClassCastException, simpleenroll IOException
der: cacerts 1 certificate, simpleenroll 1 certificate
chunks: cacerts IllegalStateException, simpleenroll NullPointerException"
[ "$seen" = "$kept" ] || { echo "CHANGED: which answers Bouncy Castle's EST client reads"; exit 1; }

#!/usr/bin/env bash
# Debian libbctls-java 1.72-2 (Bouncy Castle's TLS, provider BCJSSE) on JDK 17, against GnuTLS 3.7.9 (gnutls-serv).
# Sure beforehand: a TLS client that sends status_request hands the staples it gets to its application, in TLS 1.3
# those of the leaf and both Sub-CAs (ISO 15118-20), as the JDK's own JSSE does.
# What happens: in TLS 1.2 Bouncy Castle hands over the leaf's staple; in TLS 1.3 it sends status_request, gets three
# staples and hands over none (getStatusResponses() is empty). A revocation check that rests on staples therefore
# refuses every TLS 1.3 station, and the station cannot see why.
set -euo pipefail
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$work"
bouncycastle=1.72-2
gnutls=3.7.9-2+deb12u7
apt-get -qq download "libbctls-java=$bouncycastle" "libbcprov-java=$bouncycastle" "libbcutil-java=$bouncycastle" "gnutls-bin=$gnutls" "libgnutls30=$gnutls" "libgnutls-dane0=$gnutls" \
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

cat >Staples.java <<'JAVA'
import java.net.Socket;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.*;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.jsse.BCSSLSocket;
import org.bouncycastle.jsse.provider.BouncyCastleJsseProvider;

/** Staples PROVIDER PROTOCOL PORT: one handshake; how many staples the trust manager finds. */
public class Staples {
  static class Counter extends X509ExtendedTrustManager {
    public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    public void checkClientTrusted(X509Certificate[] chain, String type) {}
    public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}
    public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}
    public void checkServerTrusted(X509Certificate[] chain, String type) {}
    public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}
    public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {
      List<byte[]> staples = socket instanceof BCSSLSocket
          ? ((BCSSLSocket) socket).getBCHandshakeSession().getStatusResponses()
          : ((ExtendedSSLSession) ((SSLSocket) socket).getHandshakeSession()).getStatusResponses();
      System.out.println(staples.size());
    }
  }

  public static void main(String[] words) throws Exception {
    Security.addProvider(new BouncyCastleProvider());
    Security.addProvider(new BouncyCastleJsseProvider());
    SSLContext context = SSLContext.getInstance("TLS", words[0]);
    context.init(null, new TrustManager[] {new Counter()}, null);
    SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", Integer.parseInt(words[2]));
    socket.setEnabledProtocols(new String[] {words[1]});
    socket.startHandshake();
    socket.close();
  }
}
JAVA
jars=$(echo root/usr/share/java/bc{prov,tls,util}.jar | tr ' ' ':')
javac -cp "$jars" Staples.java
port=$(python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])')
LD_LIBRARY_PATH=root/usr/lib/x86_64-linux-gnu root/usr/bin/gnutls-serv --quiet --port "$port" --x509certfile chain.pem \
  --x509keyfile secc.key --ocsp-response secc.ocsp --ocsp-response sub2.ocsp --ocsp-response sub1.ocsp >server.log 2>&1 </dev/null &
until python3 -c "import socket; socket.create_connection(('127.0.0.1', $port))" 2>/dev/null; do sleep 0.1; done
staples() { java -cp "$jars:." Staples "$1" "$2" "$port" 2>java.log || { cat java.log >&2; return 1; }; }
seen="Bouncy Castle TLS 1.2: $(staples BCJSSE TLSv1.2), TLS 1.3: $(staples BCJSSE TLSv1.3); JDK TLS 1.3: $(staples SunJSSE TLSv1.3)"
echo "staples handed over of three: $seen"
[ "$seen" = "Bouncy Castle TLS 1.2: 1, TLS 1.3: 0; JDK TLS 1.3: 3" ] || { echo "CHANGED: Bouncy Castle's staples in TLS 1.3"; exit 1; }

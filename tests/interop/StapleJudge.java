import java.io.FileInputStream;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.*;
import java.util.*;
import javax.net.ssl.*;

/** What Java says of a station's OCSP responses: in a handshake (connect HOST PORT ROOT), or of all of a path (path ROOT CHAIN STAPLE...). */
public class StapleJudge {
    static final CertificateFactory X509;

    static {
        try {
            X509 = CertificateFactory.getInstance("X.509");
        } catch (CertificateException error) {
            throw new IllegalStateException(error);
        }
    }

    static List<X509Certificate> read(String path) throws Exception {
        List<X509Certificate> found = new ArrayList<>();
        try (InputStream in = new FileInputStream(path)) {
            for (Certificate one : X509.generateCertificates(in)) found.add((X509Certificate) one);
        }
        return found;
    }

    static PKIXRevocationChecker checker(PKIXRevocationChecker.Option... options) throws Exception {
        PKIXRevocationChecker made = (PKIXRevocationChecker) CertPathValidator.getInstance("PKIX").getRevocationChecker();
        made.setOptions(new HashSet<>(Arrays.asList(options)));
        return made;
    }

    static Set<TrustAnchor> anchors(String root) throws Exception {
        return Set.of(new TrustAnchor(read(root).get(0), null));
    }

    static String connect(String host, int port, String root) throws Exception {
        PKIXBuilderParameters rules = new PKIXBuilderParameters(anchors(root), new X509CertSelector());
        rules.addCertPathChecker(checker(PKIXRevocationChecker.Option.NO_FALLBACK, PKIXRevocationChecker.Option.ONLY_END_ENTITY));
        TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
        trust.init(new CertPathTrustManagerParameters(rules));
        SSLContext context = SSLContext.getInstance("TLSv1.2");
        context.init(null, trust.getTrustManagers(), null);
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket(host, port)) {
            socket.setSoTimeout(15000);
            socket.startHandshake();
            List<byte[]> staples = ((ExtendedSSLSession) socket.getSession()).getStatusResponses();
            return socket.getSession().getCipherSuite() + " with " + staples.size() + " staple(s)";
        }
    }

    static String path(String root, String chain, String[] staples) throws Exception {
        List<X509Certificate> path = read(chain);
        Map<X509Certificate, byte[]> answers = new HashMap<>();
        for (int i = 0; i < staples.length; i++) answers.put(path.get(i), Files.readAllBytes(Path.of(staples[i])));
        PKIXRevocationChecker checker = checker(PKIXRevocationChecker.Option.NO_FALLBACK);
        checker.setOcspResponses(answers);
        PKIXParameters rules = new PKIXParameters(anchors(root));
        rules.addCertPathChecker(checker);
        CertPathValidator.getInstance("PKIX").validate(X509.generateCertPath(path), rules);
        return path.size() + " certificates";
    }

    public static void main(String[] args) throws Exception {
        System.setProperty("com.sun.security.ocsp.timeout", "2");
        try {
            System.out.println("good: " + (args[0].equals("connect")
                ? connect(args[1], Integer.parseInt(args[2]), args[3])
                : path(args[1], args[2], Arrays.copyOfRange(args, 3, args.length))));
        } catch (SSLException | CertPathValidatorException error) {
            Throwable cause = error;
            while (cause.getCause() != null) cause = cause.getCause();
            System.out.println("bad: " + cause.getMessage());
        }
    }
}

// A client with Java's HttpClient, run from its source: java Client.java FILE.
//
// Reads lines "URL SECONDS", uploads the file to each, and prints a line of JSON and an empty one (see client.ts).
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.HexFormat;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

class Client {
    public static void main(String[] arguments) throws Exception {
        var file = Path.of(arguments[0]);
        var tls = SSLContext.getInstance("TLS");
        tls.init(null, new TrustManager[] {new TrustAnybody()}, new SecureRandom());
        var client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(tls).build();
        var input = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = input.readLine()) != null; ) {
            if (!line.isEmpty()) {
                var words = line.split(" ");
                System.out.println(upload(client, words[0], file, Duration.ofSeconds(Long.parseLong(words[1]))));
            }
            System.out.println();
            System.out.flush();
        }
        System.exit(0); // HttpClient's threads would keep the process alive
    }

    static String upload(HttpClient client, String url, Path file, Duration patience) throws Exception {
        var body = HttpRequest.BodyPublishers.ofFile(file);
        var request = HttpRequest.newBuilder(URI.create(url)).timeout(patience).PUT(body).build();
        try {
            var response = client.send(request, HttpResponse.BodyHandlers.ofByteArray());
            return result(response.statusCode(), response.body(), null);
        } catch (java.io.IOException error) {
            return result(null, new byte[0], error.toString());
        }
    }

    static String result(Integer status, byte[] body, String error) throws Exception {
        var sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        var quoted = error == null ? null : '"' + error.replaceAll("[\"\\\\\\p{Cntrl}]", " ") + '"';
        return String.format("{\"status\":%s,\"bytes\":%d,\"sha256\":\"%s\",\"error\":%s}", status, body.length, sha256, quoted);
    }

    /** The servers' certificate is the tests' own. With this class nobody looks at its host name either. */
    static class TrustAnybody extends X509ExtendedTrustManager {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}
        public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}
        public void checkClientTrusted(X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}
        public void checkServerTrusted(X509Certificate[] chain, String type) {}
        public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}
        public void checkServerTrusted(X509Certificate[] chain, String type, javax.net.ssl.SSLEngine engine) {}
        public X509Certificate[] getAcceptedIssuers() { return new X509Certificate[0]; }
    }
}

import java.net.URL;
import javax.net.ssl.HttpsURLConnection;

/** Fetches a page with Java's own client: java Https URL */
class Https {
    public static void main(String[] arguments) throws Exception {
        var connection = (HttpsURLConnection) new URL(arguments[0]).openConnection();
        connection.getInputStream().transferTo(System.out);
    }
}

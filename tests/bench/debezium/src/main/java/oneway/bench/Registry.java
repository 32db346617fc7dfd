package oneway.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.apache.avro.Schema;
import org.apache.kafka.connect.errors.DataException;

/** Asks the registry for schemas. Whoever asks keeps the answer. */
final class Registry {
  private static final Duration LIMIT = Duration.ofSeconds(10);

  private final HttpClient client = HttpClient.newBuilder().connectTimeout(LIMIT).build();
  private final String url;

  Registry(String url) {
    this.url = url;
  }

  /** The schema with an id. */
  Schema schema(int id) {
    URI uri = URI.create(url + "/schemas/ids/" + id);
    HttpRequest request = HttpRequest.newBuilder(uri).timeout(LIMIT).build();
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      if (response.statusCode() != 200) {
        throw new DataException(uri + " answers " + response.statusCode());
      }
      String text = new ObjectMapper().readTree(response.body()).get("schema").asText();
      return new Schema.Parser().parse(text);
    } catch (IOException error) {
      throw new DataException("cannot ask " + uri, error);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
      throw new DataException("interrupted while asking " + uri, error);
    }
  }
}

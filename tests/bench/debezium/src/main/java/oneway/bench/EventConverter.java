package oneway.bench;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.errors.DataException;
import org.apache.kafka.connect.storage.Converter;

/**
 * Reads the events of orders: the wire format of the registry (a zero, the id of the schema, Avro) and
 * the envelope in the headers. What comes of an event is a flat record of just those columns of the
 * order's row that the event changes. One instance serves one task, on one thread.
 */
public final class EventConverter implements Converter {
  private final Map<Integer, EventType> types = new HashMap<>();
  private Registry registry;
  private BinaryDecoder decoder;
  private GenericRecord event;

  @Override
  public void configure(Map<String, ?> settings, boolean isKey) {
    registry = new Registry(settings.get("schema.registry.url").toString());
  }

  @Override
  public SchemaAndValue toConnectData(String topic, Headers headers, byte[] bytes) {
    ByteBuffer buffer = ByteBuffer.wrap(bytes);
    if (buffer.remaining() < 5 || buffer.get() != 0) {
      throw new DataException("this is not the wire format of the registry");
    }
    EventType type = types.computeIfAbsent(buffer.getInt(), id -> new EventType(registry.schema(id)));
    decoder = DecoderFactory.get().binaryDecoder(bytes, buffer.position(), buffer.remaining(), decoder);
    try {
      // A record of another type is not used again, but replaced.
      event = type.reader().read(event, decoder);
    } catch (IOException error) {
      throw new DataException("cannot read an event", error);
    }
    long version = Long.parseLong(text(headers, "ce_sequence"));
    return new SchemaAndValue(type.schema(), type.row(event, version, text(headers, "ce_time")));
  }

  private static String text(Headers headers, String name) {
    Header header = headers.lastHeader(name);
    if (header == null) {
      throw new DataException("an event without " + name);
    }
    return new String(header.value(), StandardCharsets.UTF_8);
  }

  @Override
  public SchemaAndValue toConnectData(String topic, byte[] bytes) {
    throw new DataException("an event without headers");
  }

  @Override
  public byte[] fromConnectData(String topic, Schema schema, Object value) {
    throw new UnsupportedOperationException("this only reads");
  }
}

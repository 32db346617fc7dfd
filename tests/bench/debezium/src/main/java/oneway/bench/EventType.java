package oneway.bench;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.apache.avro.LogicalType;
import org.apache.avro.LogicalTypes;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericFixed;
import org.apache.avro.generic.GenericRecord;
import org.apache.kafka.connect.data.Decimal;
import org.apache.kafka.connect.data.Schema;
import org.apache.kafka.connect.data.SchemaBuilder;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.errors.DataException;

/** What an event of one type makes of the order's row. */
final class EventType {
  /** Columns that are not called as the field is. */
  private static final Map<String, String> COLUMNS = Map.of("time", "usd_rate_at");

  /** Types that say where the order stands. */
  private static final Map<String, String> STATUS =
      Map.of("OrderCreated", "new", "OrderConfirmationRequired", "unconfirmed", "OrderConfirmed", "confirmed");

  /** As text: the sink hands arrays of numbers to Postgres as numbers. */
  private static final Schema TIME = SchemaBuilder.string().name("io.debezium.time.ZonedTimestamp").build();

  private final GenericDatumReader<GenericRecord> reader;
  private final Read[] reads;
  private final String status;
  private final Schema schema;

  /** Makes the value of a column of the value of an Avro field. */
  private interface Read {
    Object value(Object field);
  }

  EventType(org.apache.avro.Schema event) {
    reader = new GenericDatumReader<>(event);
    status = STATUS.get(event.getName());
    reads = new Read[event.getFields().size()];
    SchemaBuilder builder = SchemaBuilder.struct().name(event.getFullName());
    for (org.apache.avro.Schema.Field field : event.getFields()) {
      Column column = Column.of(field.schema());
      reads[field.pos()] = column.read();
      builder.field(COLUMNS.getOrDefault(field.name(), snakeCase(field.name())), column.schema());
    }
    builder.field("version", Schema.INT64_SCHEMA).field("updated_at", TIME);
    schema = (status == null ? builder : builder.field("status", Schema.STRING_SCHEMA)).build();
  }

  GenericDatumReader<GenericRecord> reader() {
    return reader;
  }

  /** The columns that it changes. */
  Schema schema() {
    return schema;
  }

  /** Their values; those of the event come first, in its order. */
  Struct row(GenericRecord event, long version, String time) {
    Struct row = new Struct(schema);
    for (int n = 0; n < reads.length; n++) {
      row.put(schema.fields().get(n), reads[n].value(event.get(n)));
    }
    row.put("version", version).put("updated_at", time);
    return status == null ? row : row.put("status", status);
  }

  private static String snakeCase(String name) {
    return name.replaceAll("([A-Z])", "_$1").toLowerCase();
  }

  /** The type of a column, and how to read it. */
  private record Column(Schema schema, Read read) {
    static Column of(org.apache.avro.Schema field) {
      LogicalType logical = field.getLogicalType();
      if (logical instanceof LogicalTypes.Decimal decimal) {
        int scale = decimal.getScale();
        Read read = value -> new BigDecimal(new BigInteger(((GenericFixed) value).bytes()), scale);
        return new Column(Decimal.schema(scale), read);
      }
      if (logical instanceof LogicalTypes.TimestampMicros) {
        return new Column(TIME, value -> Instant.EPOCH.plus((Long) value, ChronoUnit.MICROS).toString());
      }
      if (logical == null && field.getType() == org.apache.avro.Schema.Type.STRING) {
        return new Column(Schema.STRING_SCHEMA, Object::toString);
      }
      throw new DataException("no column is known for a field of type " + field);
    }
  }
}

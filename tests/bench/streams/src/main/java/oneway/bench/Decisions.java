package oneway.bench;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.common.utils.Bytes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.errors.StreamsUncaughtExceptionHandler.StreamThreadExceptionResponse;
import org.apache.kafka.streams.processor.StreamPartitioner;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/**
 * What command-processor does, by Kafka Streams: reads commands, keeps the latest state per key in an
 * in-memory store with its changelog, and writes an event and an outcome, exactly once. The records
 * have the sizes that command-processor's have; there is no Avro and there are no rules.
 *
 * <p>Arguments are {@code name=value}: those below, all others are settings of Kafka Streams.
 */
public final class Decisions {
  private static final String STORE = "state";
  private static final Set<String> OWN =
      Set.of("commands", "events", "outcomes", "reply.partition", "event.bytes", "state.bytes", "outcome.bytes");

  private Decisions() {}

  public static void main(String[] arguments) {
    Map<String, String> own = new HashMap<>();
    Properties settings = new Properties();
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
    for (String argument : arguments) {
      String[] pair = argument.split("=", 2);
      if (OWN.contains(pair[0])) {
        own.put(pair[0], pair[1]);
      } else {
        settings.put(pair[0], pair[1]);
      }
    }
    KafkaStreams streams = new KafkaStreams(topology(own), settings);
    // A benchmark that goes on after an error measures nothing.
    streams.setUncaughtExceptionHandler(
        error -> {
          error.printStackTrace();
          Runtime.getRuntime().halt(70);
          return StreamThreadExceptionResponse.SHUTDOWN_CLIENT;
        });
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }

  private static Topology topology(Map<String, String> own) {
    Topology topology = new Topology();
    topology.addSource("commands", new ByteArrayDeserializer(), new ByteArrayDeserializer(), own.get("commands"));
    topology.addProcessor("decide", () -> new Decide(own), "commands");
    topology.addStateStore(
        Stores.keyValueStoreBuilder(Stores.inMemoryKeyValueStore(STORE), Serdes.Bytes(), Serdes.ByteArray())
            .withLoggingEnabled(Map.of())
            .withCachingDisabled(),
        "decide");
    // Events go where their key belongs, as the default partitioner has it.
    topology.addSink("events", own.get("events"), new ByteArraySerializer(), new ByteArraySerializer(), "decide");
    int reply = Integer.parseInt(own.get("reply.partition"));
    StreamPartitioner<byte[], byte[]> toSender = (topic, key, value, partitions) -> Optional.of(Set.of(reply));
    topology.addSink(
        "outcomes", own.get("outcomes"), new ByteArraySerializer(), new ByteArraySerializer(), toSender, "decide");
    return topology;
  }

  /** Answers one command. */
  private static final class Decide implements Processor<byte[], byte[], byte[], byte[]> {
    private final int eventBytes;
    private final int stateBytes;
    private final int outcomeBytes;
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<Bytes, byte[]> store;

    Decide(Map<String, String> own) {
      eventBytes = Integer.parseInt(own.get("event.bytes"));
      stateBytes = Integer.parseInt(own.get("state.bytes"));
      outcomeBytes = Integer.parseInt(own.get("outcome.bytes"));
    }

    @Override
    public void init(ProcessorContext<byte[], byte[]> context) {
      this.context = context;
      this.store = context.getStateStore(STORE);
    }

    @Override
    public void process(Record<byte[], byte[]> command) {
      byte[] key = command.key();
      Bytes aggregate = Bytes.wrap(key);
      store.get(aggregate);
      store.put(aggregate, new byte[Math.max(0, stateBytes - key.length)]);
      int headers = size(command.headers());
      context.forward(command.withValue(new byte[Math.max(0, eventBytes - key.length - headers)]), "events");
      byte[] id = command.headers().lastHeader("ce_id").value();
      byte[] outcome = new byte[Math.max(0, outcomeBytes - id.length - headers)];
      context.forward(command.withKey(id).withValue(outcome), "outcomes");
    }

    private static int size(Headers headers) {
      int size = 0;
      for (Header header : headers) {
        size += header.key().length() + header.value().length;
      }
      return size;
    }
  }
}

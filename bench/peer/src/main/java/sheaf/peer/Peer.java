package sheaf.peer;

import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsBuilder;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.kstream.Consumed;
import org.apache.kafka.streams.kstream.Produced;
import org.apache.kafka.streams.kstream.Repartitioned;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorSupplier;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.StoreBuilder;
import org.apache.kafka.streams.state.Stores;

/**
 * The bundles of sheaf's benchmark with Kafka Streams.
 *
 * <p>Each argument is {@code name=value}: a setting of Kafka Streams, or one of {@code peer.internal} (TEXT, SMILE: the
 * form of what only this program reads) and {@code peer.caching} (true, false: the stores' record caches).
 */
public final class Peer {

    private static final int PARTITIONS = 4;
    private static final Duration SLA = Duration.ofHours(24);
    private static final Duration STOP_WITHIN = Duration.ofSeconds(60);

    private Peer() {
    }

    /** Runs until it is told to end; prints each state that it reaches. */
    public static void main(String[] args) throws InterruptedException {
        Properties settings = settings(args);
        KafkaStreams streams = new KafkaStreams(topology(settings), settings);
        CountDownLatch ended = new CountDownLatch(1);
        streams.setStateListener((now, before) -> System.out.println("state " + now));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            streams.close(STOP_WITHIN);
            ended.countDown();
        }));
        streams.start();
        ended.await();
    }

    private static Properties settings(String[] args) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        for (String arg : args) {
            String[] parts = arg.split("=", 2);
            if (parts.length < 2) {
                throw new IllegalArgumentException("'" + arg + "' is no setting; write name=value");
            }
            settings.put(parts[0], parts[1]);
        }
        return settings;
    }

    private static Topology topology(Properties settings) {
        Json internal = Json.valueOf(settings.getProperty("peer.internal", "TEXT"));
        boolean caching = Boolean.parseBoolean(settings.getProperty("peer.caching", "false"));
        StreamsBuilder builder = new StreamsBuilder();
        builder.stream(
                        List.of("ctm-parent-events", "ctm-children-events"),
                        Consumed.with(Serdes.Bytes(), Json.TEXT.of(Event.class)))
                .selectKey((none, event) -> event.bundle())
                .repartition(Repartitioned.<String, Event>as("members")
                        .withKeySerde(Serdes.String())
                        .withValueSerde(internal.of(Event.class))
                        .withNumberOfPartitions(PARTITIONS))
                .process(new Collectors(internal, caching))
                .to("ctm-submissions", Produced.with(Serdes.String(), Json.TEXT.of(Submission.class)));
        return builder.build(settings);
    }

    private record Collectors(Json internal, boolean caching)
            implements ProcessorSupplier<String, Event, String, Submission> {

        @Override
        public Processor<String, Event, String, Submission> get() {
            return new Collector(SLA);
        }

        @Override
        public Set<StoreBuilder<?>> stores() {
            return Set.of(
                    store(Collector.BUNDLES, Serdes.String(), internal.of(Bundle.class)),
                    store(Collector.DEADLINES, Deadline.SERDE, Serdes.ByteArray()));
        }

        private <K, V> StoreBuilder<KeyValueStore<K, V>> store(String name, Serde<K> keys, Serde<V> values) {
            StoreBuilder<KeyValueStore<K, V>> store =
                    Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore(name), keys, values);
            return caching ? store.withCachingEnabled() : store;
        }
    }
}

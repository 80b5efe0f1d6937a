package sheaf.peer;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.streams.processor.PunctuationType;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueIterator;
import org.apache.kafka.streams.state.KeyValueStore;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Collects the members of each bundle and forwards the bundle once, when it is complete. */
final class Collector implements Processor<String, Event, String, Submission> {

    static final String BUNDLES = "bundles";
    static final String DEADLINES = "deadlines";

    private static final Logger LOG = LoggerFactory.getLogger(Collector.class);
    private static final Duration DEADLINES_EVERY = Duration.ofSeconds(1);
    private static final byte[] NOTHING = {};

    private final long slaMs;
    private ProcessorContext<String, Submission> context;
    private KeyValueStore<String, Bundle> bundles;
    private KeyValueStore<Deadline, byte[]> deadlines;

    Collector(Duration sla) {
        slaMs = sla.toMillis();
    }

    @Override
    public void init(ProcessorContext<String, Submission> context) {
        this.context = context;
        bundles = context.getStateStore(BUNDLES);
        deadlines = context.getStateStore(DEADLINES);
        context.schedule(DEADLINES_EVERY, PunctuationType.WALL_CLOCK_TIME, this::expire);
    }

    @Override
    public void process(Record<String, Event> record) {
        String id = record.key();
        Event member = record.value();
        Bundle known = bundles.get(id);
        if (known == null) {
            known = Bundle.dueAt(record.timestamp() + slaMs);
            deadlines.put(new Deadline(known.due(), id), NOTHING);
        } else if (known.isClosed() || known.has(member)) {
            return;
        }
        Bundle bundle = known.with(member);
        if (!bundle.isComplete()) {
            bundles.put(id, bundle);
            return;
        }
        bundles.put(id, Bundle.CLOSED);
        deadlines.delete(new Deadline(bundle.due(), id));
        context.forward(record.withValue(Submission.of(bundle)));
    }

    private void expire(long now) {
        List<Deadline> overdue = new ArrayList<>(); // first read, then write: an iterator sees its store as it was
        try (KeyValueIterator<Deadline, byte[]> due = deadlines.range(new Deadline(0, ""), new Deadline(now + 1, ""))) {
            due.forEachRemaining(entry -> overdue.add(entry.key));
        }
        for (Deadline deadline : overdue) {
            LOG.warn("bundle {} is overdue", deadline.bundle());
            bundles.put(deadline.bundle(), Bundle.CLOSED);
            deadlines.delete(deadline);
        }
    }
}

package sheaf.peer;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.apache.kafka.common.serialization.Serde;
import org.apache.kafka.common.serialization.Serdes;

/** The key of the store of deadlines, whose bytes are in the order of time. */
record Deadline(long due, String bundle) {

    static final Serde<Deadline> SERDE = Serdes.serdeFrom(
            (topic, deadline) -> deadline == null ? null : deadline.toBytes(),
            (topic, bytes) -> bytes == null ? null : ofBytes(bytes));

    private byte[] toBytes() {
        byte[] name = bundle.getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Long.BYTES + name.length).putLong(due).put(name).array();
    }

    private static Deadline ofBytes(byte[] bytes) {
        String name = new String(bytes, Long.BYTES, bytes.length - Long.BYTES, StandardCharsets.UTF_8);
        return new Deadline(ByteBuffer.wrap(bytes).getLong(), name);
    }
}

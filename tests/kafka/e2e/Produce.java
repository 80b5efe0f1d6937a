// Writes the lines of its standard input (topic, tab, key or nothing, tab, value) with Kafka's own Java client and its
// default partitioner, and prints for each where it went: topic, tab, key, tab, partition.

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.StringSerializer;

public class Produce {
    public static void main(String[] arguments) throws Exception {
        Properties properties = new Properties();
        properties.put("bootstrap.servers", arguments[0]);
        List<String[]> lines = new ArrayList<>();
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
            var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = input.readLine(); line != null; line = input.readLine()) {
                String[] parts = line.split("\t", 3);
                lines.add(parts);
                sent.add(producer.send(new ProducerRecord<>(parts[0], parts[1].isEmpty() ? null : parts[1], parts[2])));
            }
        }
        for (int at = 0; at < lines.size(); at++) {
            System.out.println(lines.get(at)[0] + "\t" + lines.get(at)[1] + "\t" + sent.get(at).get().partition());
        }
    }
}

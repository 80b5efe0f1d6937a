import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Arrays;

/** Runs Kafka's tools one after the other: a line of the input has a class and its arguments, separated by tabs. */
class Tools {
    public static void main(String[] arguments) throws Exception {
        BufferedReader input = new BufferedReader(new InputStreamReader(System.in));
        for (String line = input.readLine(); line != null; line = input.readLine()) {
            String[] words = line.split("\t");
            String[] rest = Arrays.copyOfRange(words, 1, words.length);
            // A tool that fails ends the process.
            Class.forName(words[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
            System.out.println("-- done");
        }
    }
}

package skylog;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

import com.sun.management.OperatingSystemMXBean;

import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;

/**
 * What the classes of Java's own clients take to write and to read record batches.
 *
 * Arguments: directory, record size, codecs joined by commas, rounds, seconds of a round. Prints a JSON object a case,
 * with the seconds of CPU time (of the whole process: collector and compiler count) that one pass took in each round.
 */
public final class RecordsBench {
    private static final int BATCH_BYTES_MAX = 1_048_588;
    private static final long FIRST_TIMESTAMP_MS = 1_763_900_000_000L;
    private static final double WARM_UP_S = 0.7;
    private static final OperatingSystemMXBean SYSTEM =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private RecordsBench() { }

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        String size = arguments[1];
        int rounds = Integer.parseInt(arguments[3]);
        double roundSeconds = Double.parseDouble(arguments[4]);
        for (String codec : arguments[2].split(",")) {
            List<byte[]> values = readValues(directory.resolve("values-" + size + "-" + codec + ".bin"));
            ByteBuffer batches = readAll(directory.resolve("batches-" + size + "-" + codec + ".bin"));
            Compression compression = Compression.of(codec).build();
            ByteBuffer room = ByteBuffer.allocate(2 * BATCH_BYTES_MAX);
            report("encode", size, codec, measure(() -> encode(values, compression, room), rounds, roundSeconds));
            report("decode", size, codec, measure(() -> decode(batches), rounds, roundSeconds));
        }
    }

    /** Writes all values into batches of at most 1 MiB, as the producer's accumulator does; returns the values' bytes. */
    private static long encode(List<byte[]> values, Compression compression, ByteBuffer room) {
        long valueBytes = 0;
        int next = 0;
        while (next < values.size()) {
            room.clear();
            MemoryRecordsBuilder builder =
                MemoryRecords.builder(room, compression, TimestampType.CREATE_TIME, next, BATCH_BYTES_MAX);
            do {
                byte[] value = values.get(next);
                builder.append(FIRST_TIMESTAMP_MS + next / 8, null, value);
                valueBytes += value.length;
                next++;
            } while (next < values.size() && builder.hasRoomFor(FIRST_TIMESTAMP_MS, null, values.get(next), Record.EMPTY_HEADERS));
            builder.build();
        }
        return valueBytes;
    }

    /** Checks and walks all batches and looks at each record; returns the values' bytes. */
    private static long decode(ByteBuffer batches) {
        long valueBytes = 0;
        long seen = 0;
        for (MutableRecordBatch batch : MemoryRecords.readableRecords(batches.duplicate()).batches()) {
            batch.ensureValid();
            for (Record record : batch) {
                ByteBuffer value = record.value();
                valueBytes += value.remaining();
                seen += record.offset() + record.timestamp() + record.headers().length + (record.hasKey() ? 1 : 0);
            }
        }
        if (seen == 0) {
            throw new IllegalStateException("nothing was read");
        }
        return valueBytes;
    }

    private record Measured(long valueBytes, List<Double> seconds) { }

    private static Measured measure(LongSupplier pass, int rounds, double roundSeconds) {
        long valueBytes = pass.getAsLong();
        spend(pass, WARM_UP_S);
        List<Double> seconds = new ArrayList<>();
        for (int round = 0; round < rounds; round++) {
            seconds.add(spend(pass, roundSeconds));
        }
        return new Measured(valueBytes, seconds);
    }

    /** Repeats the pass for so long; returns the CPU seconds of one. */
    private static double spend(LongSupplier pass, double forSeconds) {
        long from = SYSTEM.getProcessCpuTime();
        long deadline = System.nanoTime() + (long) (forSeconds * 1e9);
        int passes = 0;
        do {
            pass.getAsLong();
            passes++;
        } while (System.nanoTime() < deadline);
        return (SYSTEM.getProcessCpuTime() - from) / 1e9 / passes;
    }

    private static void report(String direction, String size, String codec, Measured measured) {
        System.out.println(String.format(Locale.ROOT,
            "{\"direction\": \"%s\", \"size\": %s, \"codec\": \"%s\", \"value_bytes\": %d, \"cpu_s\": %s}",
            direction, size, codec, measured.valueBytes(), measured.seconds()));
    }

    /** Values, each behind its length as four bytes with the lowest first. */
    private static List<byte[]> readValues(Path path) throws IOException {
        ByteBuffer bytes = readAll(path).order(ByteOrder.LITTLE_ENDIAN);
        List<byte[]> values = new ArrayList<>();
        while (bytes.hasRemaining()) {
            byte[] value = new byte[bytes.getInt()];
            bytes.get(value);
            values.add(value);
        }
        return values;
    }

    private static ByteBuffer readAll(Path path) throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(path));
    }
}

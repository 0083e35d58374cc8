import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.ControlRecordType;
import org.apache.kafka.common.record.internal.DefaultRecordBatch;
import org.apache.kafka.common.record.internal.EndTransactionMarker;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MemoryRecordsBuilder;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.utils.Utils;

/**
 * Apache Kafka's own reader and writer of record batches, for the files of one directory.
 *
 * <p>NAME.batches is read into NAME.read. NAME.records is written once with every codec, as
 * NAME.CODEC.batches, which is read in turn; so is log.batches, a log with transactions and after compaction.
 * In text a line is one batch or one record; bytes are "=" and hexadecimal digits, null is "~".
 */
public class JavaRecords {
    private static final HexFormat HEX = HexFormat.of();
    private static final long TIME_MS = 1_700_000_000_000L;

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        for (Path file : files(directory, ".records")) {
            for (CompressionType codec : CompressionType.values()) {
                Files.write(renamed(file, ".records", "." + codec.name + ".batches"), written(file, codec));
            }
        }
        Files.write(directory.resolve("log.batches"), log());
        for (Path file : files(directory, ".batches")) {
            Files.write(renamed(file, ".batches", ".read"), read(Files.readAllBytes(file)));
        }
    }

    private static List<Path> files(Path directory, String ending) throws IOException {
        try (Stream<Path> paths = Files.list(directory)) {
            return paths.filter(path -> path.toString().endsWith(ending)).sorted().toList();
        }
    }

    private static Path renamed(Path file, String from, String to) {
        String name = file.getFileName().toString();
        return file.resolveSibling(name.substring(0, name.length() - from.length()) + to);
    }

    private static byte[] written(Path file, CompressionType codec) throws IOException {
        MemoryRecordsBuilder builder = MemoryRecords.builder(room(), Compression.of(codec).build(),
                TimestampType.CREATE_TIME, 0L);
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split(" ");
            builder.append(Long.parseLong(fields[1]), bytes(fields[2]), bytes(fields[3]), headers(fields));
        }
        return Utils.toArray(builder.build().buffer());
    }

    private static ByteBuffer room() {
        return ByteBuffer.allocate(1024);
    }

    /** Two transactions, the first aborted; a batch without records, one with gaps, one with append time. */
    private static byte[] log() {
        ByteBuffer log = ByteBuffer.allocate(4096);
        for (long producer = 1; producer <= 2; producer++) {
            MemoryRecordsBuilder builder = MemoryRecords.builder(room(), Compression.zstd().build(),
                    2 * producer - 2, producer, (short) 0, 0, true);
            builder.append(TIME_MS, "key".getBytes(StandardCharsets.UTF_8), null);
            builder.append(TIME_MS + producer, null, "in a transaction".getBytes(StandardCharsets.UTF_8));
            log.put(builder.build().buffer());
        }
        log.put(marker(4, 1, ControlRecordType.ABORT));
        log.put(marker(5, 2, ControlRecordType.COMMIT));
        DefaultRecordBatch.writeEmptyHeader(log, RecordBatch.CURRENT_MAGIC_VALUE, 3, (short) 0, 7, 6, 9, 0,
                TimestampType.CREATE_TIME, TIME_MS, false, false);
        MemoryRecordsBuilder gaps = MemoryRecords.builder(room(), Compression.lz4().build(),
                TimestampType.CREATE_TIME, 10L);
        for (long offset : new long[] {10, 13, 17}) {
            gaps.appendWithOffset(offset, TIME_MS - offset, null, new byte[] {(byte) offset});
        }
        log.put(gaps.build().buffer());
        MemoryRecordsBuilder appended = MemoryRecords.builder(room(), RecordBatch.CURRENT_MAGIC_VALUE,
                Compression.NONE, TimestampType.LOG_APPEND_TIME, 18L, TIME_MS + 9);
        appended.append(TIME_MS, null, new byte[0]);
        log.put(appended.build().buffer());
        return Utils.toArray(log.flip());
    }

    private static ByteBuffer marker(long offset, long producer, ControlRecordType type) {
        return MemoryRecords.withEndTransactionMarker(offset, TIME_MS, 0, producer, (short) 0,
                new EndTransactionMarker(type, 0)).buffer();
    }

    private static Header[] headers(String[] fields) {
        List<Header> headers = new ArrayList<>();
        for (int place = 4; place < fields.length; place += 2) {
            String key = new String(bytes(fields[place]), StandardCharsets.UTF_8);
            headers.add(new RecordHeader(key, bytes(fields[place + 1])));
        }
        return headers.toArray(new Header[0]);
    }

    private static List<String> read(byte[] bytes) {
        List<String> lines = new ArrayList<>();
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
        int left = bytes.length;
        for (MutableRecordBatch batch : records.batches()) {
            batch.ensureValid();
            left -= batch.sizeInBytes();
            lines.add(text(batch));
            for (Record record : batch) {
                record.ensureValid();
                lines.add(text(record));
            }
        }
        lines.add("left " + left);
        return lines;
    }

    private static String text(RecordBatch batch) {
        return String.format("batch %d %d %d %s %s %d %d %d %d %b %b", batch.baseOffset(),
                batch.lastOffset(), batch.countOrNull(), batch.compressionType().name, batch.timestampType(),
                batch.maxTimestamp(), batch.producerId(), batch.producerEpoch(), batch.baseSequence(),
                batch.isTransactional(), batch.isControlBatch());
    }

    private static String text(Record record) {
        StringBuilder line = new StringBuilder();
        line.append(record.offset()).append(' ').append(record.timestamp());
        line.append(' ').append(text(record.key())).append(' ').append(text(record.value()));
        for (Header header : record.headers()) {
            line.append(' ').append(text(ByteBuffer.wrap(header.key().getBytes(StandardCharsets.UTF_8))));
            line.append(' ').append(text(header.value() == null ? null : ByteBuffer.wrap(header.value())));
        }
        return line.toString();
    }

    private static String text(ByteBuffer bytes) {
        return bytes == null ? "~" : "=" + HEX.formatHex(Utils.toArray(bytes));
    }

    private static byte[] bytes(String text) {
        return text.equals("~") ? null : HEX.parseHex(text, 1, text.length());
    }
}

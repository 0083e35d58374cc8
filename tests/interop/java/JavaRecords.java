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
 * <p>NAME.batches is read into NAME.read. NAME.records is written once with every codec, as NAME.CODEC.batches, which
 * is read in turn. In text a line is one batch or one record; bytes are "=" and hexadecimal digits, null is "~".
 */
public class JavaRecords {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        for (Path file : files(directory, ".records")) {
            for (CompressionType codec : CompressionType.values()) {
                Files.write(renamed(file, ".records", "." + codec.name + ".batches"), written(file, codec));
            }
        }
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
        MemoryRecordsBuilder builder = MemoryRecords.builder(ByteBuffer.allocate(1024), RecordBatch.CURRENT_MAGIC_VALUE,
                Compression.of(codec).build(), TimestampType.CREATE_TIME, 0L);
        for (String line : Files.readAllLines(file)) {
            String[] fields = line.split(" ");
            builder.append(Long.parseLong(fields[1]), bytes(fields[2]), bytes(fields[3]), headers(fields));
        }
        return Utils.toArray(builder.build().buffer());
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
        return String.format("batch %d %d %d %s %s %d %d %d %d %b %b", batch.baseOffset(), batch.lastOffset(),
                batch.countOrNull(), batch.compressionType().name, batch.timestampType(), batch.maxTimestamp(),
                batch.producerId(), batch.producerEpoch(), batch.baseSequence(), batch.isTransactional(),
                batch.isControlBatch());
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

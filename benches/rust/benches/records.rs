//! Criterion over record batches. `SKYLOG_BENCH_INPUT` names the directory that the Python bench has filled.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use cpu_time::ThreadTime;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, SamplingMode, Throughput};
use skylog_bench::bare::Bare;
use skylog_bench::input::Input;
use skylog_bench::{CODECS, kafka_protocol, ours, rskafka};

const RECORD_BYTES: [usize; 3] = [100, 1024, 10240];

fn main() {
    let directory =
        std::env::var("SKYLOG_BENCH_INPUT").unwrap_or_else(|_| "../../target/benches/records".into());
    let mut criterion = Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(100))
        .measurement_time(Duration::from_millis(400))
        .without_plots()
        .configure_from_args();
    for record_bytes in RECORD_BYTES {
        for codec in CODECS {
            let Some(input) = Input::read(Path::new(&directory), record_bytes, codec) else { continue };
            encode(&mut group(&mut criterion, "encode", record_bytes, codec, &input), &input, codec);
            decode(&mut group(&mut criterion, "decode", record_bytes, codec, &input), &input, codec);
        }
    }
    criterion.final_summary();
}

fn group<'a>(
    criterion: &'a mut Criterion,
    direction: &str,
    record_bytes: usize,
    codec: &str,
    input: &Input,
) -> BenchmarkGroup<'a, WallTime> {
    let mut group = criterion.benchmark_group(format!("{direction}-{record_bytes}-{codec}"));
    group.throughput(Throughput::Bytes(input.value_bytes())).sampling_mode(SamplingMode::Flat);
    group
}

fn encode(group: &mut BenchmarkGroup<'_, WallTime>, input: &Input, codec: &str) {
    let payload_bytes_max = input.payloads.iter().map(bytes::Bytes::len).max().unwrap_or(0);
    if let Some(mut bare) = Bare::open(codec, payload_bytes_max) {
        measure(group, "bare codec", || bare.compress_all(&input.payloads));
    }
    let block = ours::prepare(&input.values);
    measure(group, "skylog (Rust)", || ours::encode(&block, codec));
    // What is not used of it takes no memory.
    let capacity = input.payloads.iter().map(bytes::Bytes::len).sum::<usize>() * 5 / 4;
    let batches = kafka_protocol::prepare(&input.values);
    measure(group, "kafka-protocol", || kafka_protocol::encode(&batches, codec, capacity));
    let batches = rskafka::prepare(&input.values, codec);
    measure(group, "rskafka", || rskafka::encode(&batches, capacity));
}

fn decode(group: &mut BenchmarkGroup<'_, WallTime>, input: &Input, codec: &str) {
    let payload_bytes_max = input.payloads.iter().map(bytes::Bytes::len).max().unwrap_or(0);
    if let Some(mut bare) = Bare::open(codec, payload_bytes_max) {
        let blocks = bare.prepare(&input.payloads);
        measure(group, "bare codec", || bare.decompress_all(&blocks));
    }
    measure(group, "skylog (Rust)", || ours::decode(&input.batches));
    measure(group, "kafka-protocol", || kafka_protocol::decode(&input.batches));
    measure(group, "rskafka", || rskafka::decode(&input.batches));
}

/// Counts the CPU time of this thread, not the time that others take from it.
fn measure<T>(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, mut pass: impl FnMut() -> T) {
    group.bench_function(name, |bencher| {
        bencher.iter_custom(|passes| {
            let started = ThreadTime::now();
            for _ in 0..passes {
                black_box(pass());
            }
            started.elapsed()
        });
    });
}

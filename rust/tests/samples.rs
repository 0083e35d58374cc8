//! Batches made field by field, with nothing of the crate under test in them.

use std::io::Write;

/// A record as a producer means it.
#[derive(Clone, Debug, Default)]
pub(crate) struct SampleRecord {
    pub(crate) timestamp_delta: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    pub(crate) headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

/// A batch as a producer means it; `payload` overrides what `records` would give.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    pub(crate) codec: u8,
    pub(crate) attributes: i16,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: Option<i64>,
    pub(crate) producer: (i64, i16, i32),
    pub(crate) records: Vec<SampleRecord>,
    pub(crate) payload: Option<Vec<u8>>,
}

impl Default for Sample {
    fn default() -> Self {
        Self {
            codec: 0,
            attributes: 0,
            base_timestamp: 1_000,
            max_timestamp: None,
            producer: (-1, -1, -1),
            records: vec![SampleRecord { value: Some(b"value".to_vec()), ..SampleRecord::default() }],
            payload: None,
        }
    }
}

impl Sample {
    /// The highest time of its records.
    pub(crate) fn true_max_timestamp(&self) -> i64 {
        self.records.iter().map(|record| self.base_timestamp + record.timestamp_delta).max().unwrap_or(-1)
    }

    /// Its bytes, with a true length and checksum.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let count = i32::try_from(self.records.len()).unwrap();
        let payload = self.payload.clone().unwrap_or_else(|| compress(self.codec, &payload(&self.records)));
        let mut batch = vec![0; 16];
        batch.push(2);
        batch.extend([0; 4]);
        batch.extend((self.attributes | i16::from(self.codec)).to_be_bytes());
        batch.extend((count - 1).to_be_bytes());
        batch.extend(self.base_timestamp.to_be_bytes());
        batch.extend(self.max_timestamp.unwrap_or_else(|| self.true_max_timestamp()).to_be_bytes());
        batch.extend(self.producer.0.to_be_bytes());
        batch.extend(self.producer.1.to_be_bytes());
        batch.extend(self.producer.2.to_be_bytes());
        batch.extend(count.to_be_bytes());
        batch.extend(payload);
        reseal(&mut batch);
        batch
    }
}

/// Makes length and checksum of a batch true again.
pub(crate) fn reseal(batch: &mut [u8]) {
    let length = i32::try_from(batch.len() - 12).unwrap();
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc_fast::crc32_iscsi(&batch[21..]);
    batch[17..21].copy_from_slice(&crc.to_be_bytes());
}

/// The records' bytes, offset deltas from 0 on.
pub(crate) fn payload(records: &[SampleRecord]) -> Vec<u8> {
    let mut out = Vec::new();
    for (index, record) in (0i64..).zip(records) {
        let mut body = vec![0];
        put_varint(&mut body, record.timestamp_delta);
        put_varint(&mut body, index);
        put_bytes(&mut body, record.key.as_deref());
        put_bytes(&mut body, record.value.as_deref());
        put_varint(&mut body, i64::try_from(record.headers.len()).unwrap());
        for (key, value) in &record.headers {
            put_bytes(&mut body, Some(key));
            put_bytes(&mut body, value.as_deref());
        }
        put_bytes(&mut out, Some(&body));
    }
    out
}

fn put_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    put_varint(out, bytes.map_or(-1, |bytes| i64::try_from(bytes.len()).unwrap()));
    out.extend(bytes.unwrap_or_default());
}

/// A zigzag varint.
pub(crate) fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut bits = ((value << 1) ^ (value >> 63)).cast_unsigned();
    while bits > 0x7f {
        out.push(bits.to_le_bytes()[0] | 0x80);
        bits >>= 7;
    }
    out.push(bits.to_le_bytes()[0]);
}

/// What a client would make of a payload.
pub(crate) fn compress(codec: u8, payload: &[u8]) -> Vec<u8> {
    match codec {
        0 => payload.to_vec(),
        1 => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(payload).unwrap();
            encoder.finish().unwrap()
        }
        2 => snap::raw::Encoder::new().compress_vec(payload).unwrap(),
        3 => {
            // As Go's clients: blocks of 4 MiB, whatever is sent.
            let info = lz4_flex::frame::FrameInfo::new()
                .block_mode(lz4_flex::frame::BlockMode::Independent)
                .block_size(lz4_flex::frame::BlockSize::Max4MB);
            let mut encoder = lz4_flex::frame::FrameEncoder::with_frame_info(info, Vec::new());
            encoder.write_all(payload).unwrap();
            encoder.finish().unwrap()
        }
        _ => zstd::encode_all(payload, 1).unwrap(),
    }
}

/// Snappy in the frame that Java clients write.
pub(crate) fn compress_xerial(payload: &[u8], block_bytes: usize) -> Vec<u8> {
    let mut out = b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01".to_vec();
    for block in payload.chunks(block_bytes) {
        let block = compress(2, block);
        out.extend(u32::try_from(block.len()).unwrap().to_be_bytes());
        out.extend(block);
    }
    out
}

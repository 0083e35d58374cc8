use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::samples::{SampleRecord, payload};

const DEPTHS: [Depth; 4] = [Depth::Deltas, Depth::Key, Depth::Value, Depth::Headers];

fn sample(index: usize) -> SampleRecord {
    SampleRecord {
        timestamp_delta: i64::try_from(index).unwrap() * 1_000 - 70_000,
        key: (!index.is_multiple_of(3)).then(|| vec![1; index % 100]),
        value: (!index.is_multiple_of(5)).then(|| vec![2; index]),
        headers: vec![(b"h".to_vec(), None); index % 4],
    }
}

#[test]
fn blocks_of_records_go_on_where_the_last_one_ended() {
    let samples: Vec<_> = (0..2 * SPANS_MAX + 3).map(sample).collect();
    let payload = payload(&samples);
    for depth in DEPTHS {
        let (mut walk, mut spans, mut all) =
            (Walk::over(u32::try_from(samples.len()).unwrap()), Vec::new(), Vec::new());
        while !walk.is_done() {
            walk.step(&payload, depth, &mut spans).unwrap();
            assert!(spans.len() <= SPANS_MAX);
            all.append(&mut spans);
        }
        assert_eq!(walk.position(), payload.len());
        for (index, (record, sample)) in all.iter().zip(&samples).enumerate() {
            assert_eq!(record.offset_delta, i32::try_from(index).unwrap());
            assert_eq!(record.timestamp_delta, sample.timestamp_delta);
            if depth >= Depth::Key {
                assert_eq!(record.key.of(&payload), sample.key.as_deref());
            }
            if depth >= Depth::Value {
                assert_eq!(record.value.of(&payload), sample.value.as_deref());
            }
            if depth >= Depth::Headers {
                assert_eq!(Headers::of(record, &payload).count(), sample.headers.len());
            }
        }
    }
}

/// Whether all records can be walked, and the error if not.
fn walked(payload: &[u8], count: u32) -> Result<()> {
    let (mut walk, mut spans) = (Walk::over(count), Vec::new());
    while !walk.is_done() {
        walk.step(payload, Depth::Headers, &mut spans)?;
    }
    Ok(())
}

proptest! {
    #[test]
    fn what_cannot_be_walked_is_explained(
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<prop::sample::Index>(),
    ) {
        let samples: Vec<_> = (0..6).map(sample).collect();
        let mut payload = payload(&samples);
        for (place, byte) in edits {
            let place = place.index(payload.len());
            payload[place] = byte;
        }
        payload.truncate(1 + cut.index(2 * payload.len()).min(payload.len() - 1));
        if let Err(error) = walked(&payload, 6) {
            prop_assert!(!matches!(error, Error::Malformed { .. }), "{error}");
        }
    }
}

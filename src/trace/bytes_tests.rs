//! Any bytes at all.

use super::tests::{FRAME, SECOND, csv, file, gzip, named, numbered, oracle, oracle_bytes, zstd};
use super::*;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use std::fmt::Write as _;

/// Arbitrary bytes, and bytes that come closer to a trace.
fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let likely = prop::sample::select(b"0123456789,,,;\t .\"#\n\n\r-ktime\xff".to_vec());
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        prop::collection::vec(likely, 0..400),
        prop::collection::vec((0_u32..9, any::<u64>(), any::<u32>()), 0..20)
            .prop_map(|records| oracle_bytes(&records)),
    ]
}

/// Reads to the end in every way. What matters is that it ends, in order, and says no more after an
/// error.
fn read_every_way(bytes: &[u8]) -> Result<(), TestCaseError> {
    let file = file(bytes);
    let specs = [
        TraceSpec::oracle_general(file.path()),
        TraceSpec::webcachesim(file.path()),
        TraceSpec::wikimedia(file.path()),
        TraceSpec::csv(file.path(), Columns::default()),
        TraceSpec::csv(file.path(), numbered(2, 1, None)),
        TraceSpec::csv(file.path(), named(["t", "k", "i"])),
        TraceSpec {
            time_unit: Span::MAX,
            format: Format::Csv { delimiter: Some(Delimiter::Tab) },
            ..TraceSpec::csv(file.path(), numbered(1, 1, Some(1)))
        },
    ];
    for spec in specs {
        let Ok(mut reader) = Reader::open(&spec) else {
            continue;
        };
        let (mut last, mut items) = (Span::ZERO, 0);
        while let Some(item) = reader.next() {
            items += 1;
            let Ok(record) = item else {
                prop_assert!(reader.next().is_none());
                break;
            };
            prop_assert!(record.at >= last);
            last = record.at;
        }
        prop_assert!(items > 0 && items <= bytes.len() * 200);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        rng_seed: RngSeed::Fixed(52),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_bytes_make_a_panic(bytes in bytes()) {
        read_every_way(&bytes)?;
        read_every_way(&zstd(&bytes))?;
        read_every_way(&gzip(&bytes))?;
    }

    #[test]
    fn no_damage_to_a_frame_makes_a_panic(
        bytes in bytes(),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        tail in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        for (mut frame, magic) in [(zstd(&bytes), 4), (gzip(&bytes), 3)] {
            frame.extend(&tail);
            for (place, byte) in &hits {
                // The magic number stays, or it would be no frame at all.
                let place = magic + place.index(frame.len() - magic);
                frame[place] = *byte;
            }
            read_every_way(&frame)?;
            if magic == 4 {
                read_every_way(&[&FRAME[..6], &frame[6..]].concat())?;
            }
        }
    }

    #[test]
    fn what_is_written_is_read(
        records in prop::collection::vec((any::<u32>(), any::<u64>(), any::<u32>()), 1..60),
    ) {
        let mut records = records;
        records.sort_unstable();
        let origin = records[0].0;
        let expected: Vec<(u64, u64, u64)> = records
            .iter()
            .map(|(time, key, size)| (u64::from(time - origin) * SECOND, *key, u64::from(*size)))
            .collect();
        prop_assert_eq!(&oracle(&oracle_bytes(&records)).unwrap(), &expected);
        let mut text = String::new();
        for (time, key, size) in &records {
            writeln!(text, "{time}\t{key}\t{size}").unwrap();
        }
        prop_assert_eq!(&csv(&text, Columns::default()).unwrap(), &expected);
    }
}

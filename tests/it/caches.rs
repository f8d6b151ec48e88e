//! Cache policies against libCacheSim, on the trace that the repository carries.
//!
//! The counts are those of the PyPI package `libcachesim` 0.3.5, policies with their defaults, over
//! the slice as an `oracleGeneral` file: for slots
//! `Policy(cache_size=N).process_trace(TraceReader(file, TraceType.ORACLE_GENERAL_TRACE,
//! ReaderInitParam(ignore_obj_size=True)))`, for bytes the same with `ignore_obj_size=False`; the
//! miss ratios that it returns, times requests and bytes.

use squall::cache::{Misses, Policy, belady, belady_bytes, next_uses, replay, replay_bytes};
use squall::trace::{Column, Columns, KeyIndex, Reader, TraceSpec};
use std::path::Path;

/// The requests of the slice: numbers and sizes.
fn slice() -> (Vec<u32>, Vec<u64>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios/real/twitter-cluster52-slice.csv.zst");
    let name = |name: &str| Column::Name(name.into());
    let columns = Columns { time: name("time"), key: name("object"), size: Some(name("size")) };
    let mut index = KeyIndex::new();
    let (mut ids, mut sizes) = (Vec::new(), Vec::new());
    for record in Reader::open(&TraceSpec::csv(path, columns)).unwrap() {
        let record = record.unwrap();
        ids.push(index.insert(record.key).unwrap());
        sizes.push(record.size);
    }
    (ids, sizes)
}

/// Policy, slots, misses.
const IN_SLOTS: &[(&str, u32, u64)] = &[
    ("lru", 124, 105_717),
    ("lru", 415, 86_956),
    ("lru", 1_247, 72_914),
    ("lru", 4_159, 59_013),
    ("lru", 12_477, 47_259),
    ("lru", 24_955, 42_772),
    ("fifo", 124, 113_520),
    ("fifo", 415, 93_010),
    ("fifo", 1_247, 78_159),
    ("fifo", 4_159, 64_006),
    ("fifo", 12_477, 51_651),
    ("fifo", 24_955, 45_303),
    ("clock", 124, 105_260),
    ("clock", 415, 86_795),
    ("clock", 1_247, 72_799),
    ("clock", 4_159, 59_155),
    ("clock", 12_477, 47_528),
    ("clock", 24_955, 42_824),
    ("sieve", 124, 104_795),
    ("sieve", 415, 85_497),
    ("sieve", 1_247, 70_140),
    ("sieve", 4_159, 56_712),
    ("sieve", 12_477, 46_843),
    ("sieve", 24_955, 42_759),
    ("s3-fifo", 124, 105_099),
    ("s3-fifo", 415, 83_910),
    ("s3-fifo", 1_247, 67_062),
    ("s3-fifo", 4_159, 54_173),
    ("s3-fifo", 12_477, 46_197),
    ("s3-fifo", 24_955, 42_821),
    ("lfu", 124, 129_481),
    ("lfu", 415, 113_968),
    ("lfu", 1_247, 97_566),
    ("lfu", 4_159, 77_123),
    ("lfu", 12_477, 54_499),
    ("lfu", 24_955, 42_759),
    ("belady", 124, 78_139),
    ("belady", 415, 63_800),
    ("belady", 1_247, 52_868),
    ("belady", 4_159, 43_398),
    ("belady", 12_477, 41_593),
    ("belady", 24_955, 41_593),
];

/// Policy, bytes, misses, bytes missed.
const IN_BYTES: &[(&str, u64, u64, u64)] = &[
    ("lru", 25_959, 106_276, 22_982_677),
    ("lru", 86_530, 87_501, 19_121_631),
    ("lru", 259_591, 73_476, 16_017_591),
    ("lru", 865_304, 59_476, 12_880_414),
    ("lru", 2_595_914, 47_466, 9_979_917),
    ("lru", 5_191_829, 42_789, 8_938_207),
    ("fifo", 25_959, 113_916, 24_353_223),
    ("fifo", 86_530, 93_460, 20_066_616),
    ("fifo", 259_591, 78_668, 17_021_190),
    ("fifo", 865_304, 64_364, 13_918_802),
    ("fifo", 2_595_914, 51_868, 11_047_258),
    ("fifo", 5_191_829, 45_313, 9_511_647),
    ("clock", 25_959, 105_423, 22_945_996),
    ("clock", 86_530, 87_224, 19_123_001),
    ("clock", 259_591, 73_359, 15_956_953),
    ("clock", 865_304, 59_514, 12_816_211),
    ("clock", 2_595_914, 47_620, 9_986_718),
    ("clock", 5_191_829, 42_780, 8_902_320),
    ("sieve", 25_959, 102_899, 23_518_705),
    ("sieve", 86_530, 85_892, 19_287_413),
    ("sieve", 259_591, 70_850, 15_531_887),
    ("sieve", 865_304, 57_119, 12_143_270),
    ("sieve", 2_595_914, 46_980, 9_836_099),
    ("sieve", 5_191_829, 42_715, 8_889_971),
    ("s3-fifo", 25_959, 105_188, 25_304_744),
    ("s3-fifo", 86_530, 85_218, 19_280_793),
    ("s3-fifo", 259_591, 67_872, 14_814_036),
    ("s3-fifo", 865_304, 54_269, 11_528_204),
    ("s3-fifo", 2_595_914, 46_112, 9_644_493),
    ("s3-fifo", 5_191_829, 42_785, 8_921_551),
    ("lfu", 25_959, 112_968, 25_984_624),
    ("lfu", 86_530, 99_744, 22_657_422),
    ("lfu", 259_591, 85_888, 19_436_010),
    ("lfu", 865_304, 69_186, 15_434_801),
    ("lfu", 2_595_914, 51_322, 10_891_846),
    ("lfu", 5_191_829, 42_715, 8_889_971),
    ("belady", 25_959, 79_412, 17_480_596),
    ("belady", 86_530, 64_800, 14_085_461),
    ("belady", 259_591, 53_789, 11_550_416),
    ("belady", 865_304, 43_989, 9_195_670),
    ("belady", 2_595_914, 41_593, 8_654_998),
    ("belady", 5_191_829, 41_593, 8_654_998),
];

fn policy(name: &str) -> Option<Policy> {
    Policy::ALL.into_iter().find(|policy| policy.name() == name)
}

#[test]
fn slots_miss_what_libcachesim_misses() {
    let (ids, _) = slice();
    let next = next_uses(&ids);
    for &(name, slots, misses) in IN_SLOTS {
        let ours = match policy(name) {
            Some(policy) => replay(policy, slots, &ids),
            None => belady(slots, &next),
        };
        assert_eq!(ours, misses, "{name}, {slots} slots");
    }
}

#[test]
fn bytes_miss_what_libcachesim_misses() {
    let (ids, sizes) = slice();
    let next = next_uses(&ids);
    for &(name, capacity, misses, bytes) in IN_BYTES {
        let ours = match policy(name) {
            Some(policy) => replay_bytes(policy, capacity, &ids, &sizes),
            None => belady_bytes(capacity, &ids, &sizes, &next),
        };
        assert_eq!(ours, Misses { misses, bytes }, "{name}, {capacity} bytes");
    }
}

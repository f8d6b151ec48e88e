//! What a request of a real trace costs in a cache, from memory, in processor time; no criterion,
//! so that it can be taken in turns with another program: `tools/caches` does.
//!
//! `cargo bench --bench replay -- FILE REPEATS POLICY:KIND:ROOM...`, with an `oracleGeneral` file and
//! KIND `slots` or `bytes`, prints for each cache the misses, the bytes missed, and the nanoseconds a
//! request: the median of so many replays. Each makes an empty cache and ends with its counts; reading
//! the file is not timed, nor is a first replay.

use rustix::time::{ClockId, clock_gettime};
use squall::cache::{Misses, Policy};
use squall::replay::{Requests, Room, Rule, replay};
use squall::trace::{Column, Columns, TraceSpec};
use std::error::Error;
use std::hint::black_box;
use std::path::Path;

/// What `cargo bench --bench replay` does by itself.
const CACHES: [&str; 3] = ["lru:slots:4159", "sieve:slots:4159", "s3-fifo:slots:4159"];

#[allow(clippy::print_stdout, clippy::cast_precision_loss)] // reason: ratios to print
fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let mut caches: Vec<&str> = words.iter().skip(2).map(String::as_str).collect();
    let (spec, repeats): (_, usize) = match words.as_slice() {
        [file, repeats, ..] => (TraceSpec::oracle_general(file), repeats.parse::<usize>()?.max(1)),
        _ => (slice(), if words == ["--test"] { 1 } else { 20 }),
    };
    if caches.is_empty() {
        caches = CACHES.to_vec();
    }
    let requests = Requests::read(&spec)?;
    for name in caches {
        let (rule, room) = cache(name).ok_or_else(|| format!("no cache: {name}"))?;
        let Misses { misses, bytes } = replay(&requests, rule, room).misses;
        let mut times: Vec<f64> = (0..repeats)
            .map(|_| {
                let start = processor_time();
                black_box(replay(black_box(&requests), rule, room));
                processor_time() - start
            })
            .collect();
        times.sort_by(f64::total_cmp);
        let each = times[times.len() / 2] / requests.len() as f64;
        println!("{name} {misses} {bytes} {each:.2}");
    }
    Ok(())
}

/// The trace that the repository carries.
fn slice() -> TraceSpec {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("scenarios/real/twitter-cluster52-slice.csv.zst");
    let name = |name: &str| Column::Name(name.into());
    TraceSpec::csv(
        path,
        Columns { time: name("time"), key: name("object"), size: Some(name("size")) },
    )
}

fn cache(name: &str) -> Option<(Rule, Room)> {
    let mut parts = name.split(':');
    let (policy, kind, room) = (parts.next()?, parts.next()?, parts.next()?);
    let policy = Policy::ALL.into_iter().find(|each| each.name() == policy)?;
    let room = match kind {
        "slots" => Room::Slots(room.parse().ok()?),
        "bytes" => Room::Bytes(room.parse().ok()?),
        _ => return None,
    };
    Some((Rule::Online(policy), room))
}

/// Nanoseconds that this process has spent on a processor.
#[allow(clippy::cast_precision_loss)] // reason: a time to print
fn processor_time() -> f64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec as f64 * 1e9 + now.tv_nsec as f64
}

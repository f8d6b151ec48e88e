//! What a simulated second of a whole fabric costs, and how many requests that is.
//!
//! Only the second counts: building the tables and filling the caches is not timed. Rates are a
//! tenth of `scenarios/monthly/region-outage.toml`, so that the caches fill in no time; the command
//! that measures the full drill is `tools/throughput`.

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, SamplingMode, Throughput};
use squall::engine::{Law, LawError, Profile};
use squall::model::preset::{five_regions, single_pool};
use squall::model::{Discipline, Fabric, Load, Plan};
use squall::observe::{Layout, SliceView};
use squall::sim::{Options, RunError, simulate};
use squall::units::{Instant, Span};
use std::error::Error;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;
use std::time::{self, Duration};

/// Simulated seconds before the first that is timed: a TTL, after which copies expire as fast as
/// they are filled.
const WARM: u64 = 60;
/// Simulated seconds after the last that is timed. A slice is handed out when the last request that
/// belongs to it is over; so both ends of the timed part come late, by the same.
const AFTER: u64 = 3;

/// Requests a second from each region.
const RATES: [f64; 5] = [6_000.0, 5_000.0, 4_000.0, 3_000.0, 2_000.0];

fn plan(fabric: Fabric, rates: &[f64], titles: u32) -> Plan {
    Plan {
        seed: 7,
        length: Span::from_secs(WARM + AFTER),
        warmup: Span::ZERO,
        cuts: Vec::new(),
        load: Load {
            titles,
            zipf: 0.9,
            rates: rates.to_vec(),
            segments: Vec::new(),
            profiles: vec![Profile::flat(); rates.len()],
            interarrival: None,
            trace: None,
            closed: None,
        },
        fabric,
        injections: Vec::new(),
        changes: Vec::new(),
    }
}

/// The drill's fabric and load, without the drill.
fn mixed() -> Plan {
    plan(five_regions(), &RATES, 200_000)
}

/// Few titles that never expire: after the warm-up every request is a hit.
fn hits_only() -> Plan {
    let mut fabric = five_regions();
    if let Some(metadata) = &mut fabric.metadata {
        metadata.ttl = Span::from_secs(1_000_000);
    }
    plan(fabric, &RATES, 1_000)
}

/// Copies that expire in a second: nearly every request takes a slot, a connection and a read.
fn mostly_misses() -> Plan {
    let mut fabric = five_regions();
    if let Some(metadata) = &mut fabric.metadata {
        metadata.ttl = Span::from_secs(1);
    }
    plan(fabric, &RATES, 200_000)
}

/// M/M/1 at load 0.8: every request is an event or two.
fn one_server() -> Result<Plan, LawError> {
    let service = Law::exponential(Span::from_micros(800))?;
    let fabric = single_pool(1, None, Discipline::Fifo, service, None);
    Ok(plan(fabric, &[1_000.0], 1))
}

/// Runs a plan and says how long `seconds` of it took, from the end of the warm-up on.
fn timed(plan: &Plan, seconds: u64, threads: NonZeroUsize) -> Result<Duration, RunError> {
    let mut plan = plan.clone();
    plan.length = Span::from_secs(WARM + seconds + AFTER);
    let at = |secs| Instant::ZERO.saturating_add(Span::from_secs(secs));
    let (mut begun, mut took) = (None, Duration::ZERO);
    let mut each = |view: &SliceView<'_>| {
        if view.end == at(WARM) {
            begun = Some(time::Instant::now());
        } else if view.end == at(WARM + seconds) {
            took = begun.map_or(Duration::ZERO, |begun| begun.elapsed());
        }
    };
    let options = Options {
        threads,
        all_events: false,
        staleness: false,
        stop: &AtomicBool::new(false),
        tracing: None,
    };
    simulate(&plan, Layout::new([]), &options, &mut each)?;
    Ok(took)
}

fn second(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    plan: &Plan,
    threads: usize,
) -> Result<(), RunError> {
    let threads = NonZeroUsize::MIN.saturating_add(threads - 1);
    let mut trouble = None;
    let rate = plan.load.rates.iter().sum::<f64>();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: a whole rate
    group.throughput(Throughput::Elements(rate as u64));
    group.bench_function(BenchmarkId::new(name, threads), |b| {
        b.iter_custom(|seconds| match timed(plan, seconds, threads) {
            Ok(took) => took,
            Err(error) => {
                trouble = Some(error);
                Duration::from_secs(seconds)
            }
        });
    });
    trouble.map_or(Ok(()), Err)
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    let mut group = criterion.benchmark_group("second");
    group.sample_size(10).sampling_mode(SamplingMode::Flat);
    second(&mut group, "five regions", &mixed(), 1)?;
    second(&mut group, "five regions", &mixed(), 2)?;
    second(&mut group, "hits only", &hits_only(), 1)?;
    second(&mut group, "mostly misses", &mostly_misses(), 1)?;
    second(&mut group, "M/M/1", &one_server()?, 1)?;
    group.finish();
    criterion.final_summary();
    Ok(())
}

//! What a request costs in a cache, from memory: all policies over a million requests.

use criterion::{BenchmarkId, Criterion, Throughput};
use squall::cache::{Policy, belady, next_uses, replay};
use squall::engine::{Seed, Zipf};
use std::error::Error;
use std::hint::black_box;

const REQUESTS: u32 = 1_000_000;
const OBJECTS: u32 = 140_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let zipf = Zipf::new(OBJECTS, 0.9)?;
    let mut stream = Seed(7).stream("bench");
    let ids: Vec<u32> = (0..REQUESTS).map(|_| zipf.draw(&mut stream)).collect();
    let mut group = criterion.benchmark_group("replay");
    group.throughput(Throughput::Elements(u64::from(REQUESTS)));
    for slots in [OBJECTS / 100, OBJECTS / 10] {
        for policy in Policy::ALL {
            group.bench_function(BenchmarkId::new(policy.name(), slots), |b| {
                b.iter(|| replay(black_box(policy), slots, &ids));
            });
        }
        group.bench_function(BenchmarkId::new("belady", slots), |b| {
            b.iter(|| belady(slots, &next_uses(&ids)));
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}

//! What a draw costs: laws, ranks and arrivals.

use criterion::{BenchmarkId, Criterion};
use squall::engine::{Law, Poisson, Profile, ProfileCursor, Seed, Stream, Zipf};
use squall::units::{Instant, Span};
use std::error::Error;
use std::hint::black_box;

fn variates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("variate");
    let mut stream = Seed(7).stream("bench");
    group.bench_function("bits", |b| b.iter(|| stream.bits()));
    group.bench_function("exponential", |b| b.iter(|| stream.exponential()));
    group.bench_function("normal", |b| b.iter(|| stream.normal()));
    group.finish();
}

fn laws(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let ms = Span::from_millis;
    let points = [(0.0, ms(5)), (0.5, ms(20)), (0.9, ms(60)), (0.99, ms(300)), (1.0, ms(1_000))];
    let parts = [
        (0.8, Law::lognormal_median_p99(ms(4_000), ms(10_000))?),
        (0.18, Law::uniform(ms(10_000), ms(60_000))?),
        (0.02, Law::uniform(ms(60_000), ms(180_000))?),
    ];
    let all = [
        ("constant", Law::Constant(ms(20))),
        ("uniform", Law::uniform(ms(10), ms(30))?),
        ("exponential", Law::exponential(ms(20))?),
        ("lognormal", Law::lognormal_mean_cv(ms(20), 0.7)?),
        ("pareto", Law::pareto_mean(ms(20), 2.5)?),
        ("empirical", Law::empirical(&points)?),
        ("mixture", Law::mixture(parts)?),
    ];
    let mut group = criterion.benchmark_group("law");
    for (name, law) in &all {
        let mut stream = Seed(7).stream("bench");
        group.bench_function(*name, |b| b.iter(|| black_box(law).draw(&mut stream)));
    }
    group.finish();
    Ok(())
}

fn ranks(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let mut group = criterion.benchmark_group("zipf");
    for n in [10_000, 200_000, 10_000_000] {
        let zipf = Zipf::new(n, 0.9)?;
        let mut stream = Seed(7).stream("bench");
        group.bench_function(BenchmarkId::new("draw", n), |b| {
            b.iter(|| zipf.draw(&mut stream));
        });
    }
    group.sample_size(10);
    group.bench_function("build 200000", |b| b.iter(|| Zipf::new(200_000, 0.9)));
    group.finish();
    Ok(())
}

/// A gap drawn and placed, each from where the last one ended.
fn arrive(criterion: &mut Criterion, name: &str, poisson: Poisson, profile: &Profile) {
    let mut stream: Stream = Seed(7).stream("bench");
    let (mut cursor, mut now) = (ProfileCursor::default(), Instant::ZERO);
    criterion.bench_function(name, |b| {
        b.iter(|| {
            now = poisson.next(black_box(profile), &mut cursor, now, stream.exponential());
            now
        });
    });
}

fn arrivals(criterion: &mut Criterion) -> Result<(), Box<dyn Error>> {
    let poisson = Poisson::new(60_000.0)?;
    // A day with a point an hour, repeated for a year: longer than the benchmark gets.
    let hour = |h: u64| Instant::ZERO.saturating_add(Span::from_secs(3_600).saturating_mul(h));
    let factor =
        |h: u64| [0.3, 0.2, 0.2, 0.5, 0.8, 1.0, 1.4, 1.8][usize::try_from(h % 8).unwrap_or(0)];
    let points: Vec<(Instant, f64)> = (0..8_760).map(|h| (hour(h), factor(h))).collect();
    arrive(criterion, "arrivals/flat", poisson, &Profile::flat());
    arrive(criterion, "arrivals/profiled", poisson, &Profile::new(&points)?);
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default().configure_from_args();
    variates(&mut criterion);
    laws(&mut criterion)?;
    ranks(&mut criterion)?;
    arrivals(&mut criterion)?;
    criterion.final_summary();
    Ok(())
}

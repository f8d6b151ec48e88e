//! What the engine costs without a model in it: the queue, the windows, the flow.

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use squall::engine::{self, Context, Engine, EventQueue, Process, Seed, Stream};
use squall::units::{Instant, Span};
use std::num::NonZeroUsize;
use std::time::Duration;

/// As large as a site's events are, so that the heap moves as many bytes.
#[derive(Clone, Copy, Debug)]
struct Tick([u64; 5]);

impl engine::Event for Tick {
    fn rank(self) -> u8 {
        7
    }
    fn fingerprint(self) -> u64 {
        self.0[0]
    }
}

/// The hold model (Vaucher and Duval 1975): the queue keeps its size, and each event that is taken
/// out puts one in, an exponential time later.
fn queue(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("queue");
    group.throughput(Throughput::Elements(1));
    for size in [100_u64, 10_000, 1_000_000] {
        let mut stream = Seed(7).stream("bench");
        let mut queue = EventQueue::default();
        for number in 0..size {
            queue.push(later(Instant::ZERO, &mut stream), Tick([number; 5]));
        }
        group.bench_function(BenchmarkId::new("hold", size), |b| {
            b.iter(|| {
                if let Some((at, tick)) = queue.pop() {
                    queue.push(later(at, &mut stream), tick);
                }
            });
        });
    }
    group.finish();
}

fn later(now: Instant, stream: &mut Stream) -> Instant {
    now.saturating_add(Span::from_millis(20).scaled(stream.exponential()))
}

/// A process that has nothing to do in any window, and still is due in the next one: without that
/// the engine would jump to the end.
struct Idle;

impl Process for Idle {
    type Event = Tick;
    fn flow(&mut self, ctx: &mut Context<'_, Tick>) -> Instant {
        ctx.quiet_until()
    }
    fn handle(&mut self, _: Tick, _: &mut Context<'_, Tick>) {}
}

/// Windows in one call of [`Engine::run`]: about as many as a minute of simulated time has, so that
/// starting threads counts for nothing.
const WINDOWS: u32 = 2_000;

fn windows(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("windows");
    group.throughput(Throughput::Elements(u64::from(WINDOWS)));
    group.sample_size(20);
    for threads in [NonZeroUsize::MIN, NonZeroUsize::MIN.saturating_add(1)] {
        let lookahead = Span::from_millis(34);
        let mut engine = Engine::new((0..5).map(|_| Idle).collect(), lookahead);
        let length = lookahead.saturating_mul(u64::from(WINDOWS));
        group.bench_function(BenchmarkId::new("idle", threads), |b| {
            b.iter(|| engine.run(engine.now().saturating_add(length), threads));
        });
    }
    group.finish();
}

/// Steps of a millisecond each: taken in the flow, or as one event each.
struct Steps {
    next: Instant,
    as_events: bool,
    queued: bool,
    taken: u64,
}

const STEP: Span = Span::from_millis(1);
const STEPS: u32 = 1_000_000;

impl Process for Steps {
    type Event = Tick;
    fn flow(&mut self, ctx: &mut Context<'_, Tick>) -> Instant {
        if self.as_events {
            if !self.queued {
                self.queued = true;
                ctx.schedule(self.next, Tick([0; 5]));
            }
            return Instant::NEVER;
        }
        while self.next < ctx.quiet_until() {
            ctx.advance(self.next);
            self.taken += 1;
            self.next = self.next.saturating_add(STEP);
        }
        self.next
    }
    fn handle(&mut self, tick: Tick, ctx: &mut Context<'_, Tick>) {
        self.taken += 1;
        ctx.schedule(ctx.now().saturating_add(STEP), tick);
    }
}

/// What a step costs by the flow alone, and what it would cost as an event of a short queue.
fn flow(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("flow");
    group.throughput(Throughput::Elements(u64::from(STEPS)));
    group.sample_size(20);
    for (name, as_events) in [("steps", false), ("events", true)] {
        let engine = move || {
            let steps = Steps { next: Instant::ZERO, as_events, queued: false, taken: 0 };
            Engine::new(vec![steps], Span::from_millis(34))
        };
        let until = Instant::ZERO.saturating_add(STEP.saturating_mul(u64::from(STEPS)));
        group.bench_function(name, |b| {
            b.iter_batched_ref(
                engine,
                |engine| {
                    engine.run(until, NonZeroUsize::MIN);
                    let taken: u64 = engine.processes().map(|steps| steps.taken).sum();
                    assert_eq!(taken, u64::from(STEPS), "every step is taken");
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(3))
        .configure_from_args();
    queue(&mut criterion);
    windows(&mut criterion);
    flow(&mut criterion);
    criterion.final_summary();
}

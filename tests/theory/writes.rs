//! Many writers of one row, each of whom reads a version and writes if it is still the one: the model
//! of "Exponential Backoff And Jitter" (Brooker, AWS Architecture Blog, 2015), on the engine by itself.

use crate::stats::estimate;
use crate::table::Row;
use squall::engine::{Context, Engine, Event, Law, Process, Seed, Stream};
use squall::model::preset;
use squall::model::{Budget, Jitter, Retry};
use squall::units::{Instant, Span};
use std::num::NonZeroUsize;

const WRITERS: u32 = 100;

#[derive(Clone, Copy, Debug)]
enum Happening {
    /// A writer's read is at the row.
    Read(u32),
    /// Its write is, with the version that it read.
    Write(u32, u32),
}

impl Event for Happening {
    fn rank(self) -> u8 {
        match self {
            Self::Read(_) => 0,
            Self::Write(..) => 1,
        }
    }
    fn fingerprint(self) -> u64 {
        match self {
            Self::Read(writer) => u64::from(writer) << 1,
            Self::Write(writer, _) => u64::from(writer) << 1 | 1,
        }
    }
}

/// The row and those who write it.
struct Contest {
    version: u32,
    retry: Retry,
    trip: Law,
    attempts: Vec<u32>,
    trips: Stream,
    jitter: Stream,
    /// Writes in all, and when the last one held.
    calls: u32,
    over: Instant,
}

impl Process for Contest {
    type Event = Happening;

    fn flow(&mut self, _: &mut Context<'_, Happening>) -> Instant {
        Instant::NEVER
    }

    fn handle(&mut self, event: Happening, ctx: &mut Context<'_, Happening>) {
        let now = ctx.now();
        match event {
            // The answer goes to the writer and its write comes back: two ways.
            Happening::Read(writer) => {
                let back = self.trip.draw(&mut self.trips) + self.trip.draw(&mut self.trips);
                ctx.schedule(now + back, Happening::Write(writer, self.version));
            }
            Happening::Write(writer, read) => {
                self.calls += 1;
                if read == self.version {
                    self.version += 1;
                    self.over = now;
                    return;
                }
                let attempts = &mut self.attempts[writer as usize];
                *attempts += 1;
                let wait = self.retry.wait(*attempts, &mut self.jitter);
                let back = self.trip.draw(&mut self.trips) + self.trip.draw(&mut self.trips);
                ctx.schedule(now + back + wait, Happening::Read(writer));
            }
        }
    }
}

/// Writes until all have held, and how long that takes.
fn contest(seed: u64, trip: &Law, backoff: Span, jitter: Jitter) -> (f64, f64) {
    let mut retry = preset::five_regions().viewers.retry;
    (retry.backoff, retry.multiplier, retry.jitter) = (backoff, 2.0, jitter);
    (retry.max_backoff, retry.budget) = (Span::from_secs(2), Budget::None);
    let contest = Contest {
        version: 0,
        retry,
        trip: trip.clone(),
        attempts: vec![0; WRITERS as usize],
        trips: Seed(seed).stream("trips"),
        jitter: Seed(seed).stream("jitter"),
        calls: 0,
        over: Instant::ZERO,
    };
    let mut engine = Engine::new(vec![contest], Span::from_secs(1));
    (0..WRITERS).for_each(|writer| engine.schedule(0, Instant::ZERO, Happening::Read(writer)));
    engine.run(Instant::ZERO + Span::from_secs(3_600), NonZeroUsize::MIN);
    let contest = engine.processes().next().unwrap();
    assert_eq!(contest.version, WRITERS, "all have written within the hour");
    (f64::from(contest.calls), contest.over.since(Instant::ZERO).as_secs_f64())
}

/// The means over forty seeds.
fn means(backoff: Span, jitter: Jitter) -> (f64, f64) {
    let trip = Law::lognormal_mean_cv(Span::from_millis(10), 0.2).unwrap();
    let runs: Vec<(f64, f64)> =
        (1..=40).map(|seed| contest(seed, &trip, backoff, jitter)).collect();
    let mean = |of: fn(&(f64, f64)) -> f64| estimate(&runs.iter().map(of).collect::<Vec<_>>()).0;
    (mean(|run| run.0), mean(|run| run.1))
}

/// All rows of this kind.
pub fn rows() -> Vec<Row> {
    let n = f64::from(WRITERS);
    let (lockstep, _) = contest(1, &Law::Constant(Span::from_millis(10)), Span::ZERO, Jitter::None);
    let what = "100 writers of one row, in step, no backoff: writes";
    let exact = Row::exact(what, "n (n + 1) / 2", "", 0.5 * n * (n + 1.0), lockstep);
    let base = Span::from_millis(5);
    let (eager, none) = (means(Span::ZERO, Jitter::None), means(base, Jitter::None));
    let (full, equal) = (means(base, Jitter::Full), means(base, Jitter::Equal));
    let row = |what: &str, bound, level, seen| {
        let what = format!("100 writers of one row, backoff from 5 ms: {what}");
        Row::at_most(what, "Brooker 2015", bound, level, seen)
    };
    vec![
        exact,
        row("writes, full jitter over none", 0.5, "\"by more than half\"", full.0 / none.0),
        row("time, full jitter over none", 1.0, "less time", full.1 / none.1),
        row("writes, full jitter over equal", 1.0, "less work", full.0 / equal.0),
        row("time, no backoff at all over full jitter", 1.0, "less time", eager.1 / full.1),
    ]
}

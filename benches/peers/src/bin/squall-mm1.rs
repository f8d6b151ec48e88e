//! M/M/1 in Squall: arrivals in the flow, departures as events.

use peers::mm1::{GAP, SERVICE};
use peers::{Run, Sojourns};
use squall::engine::{self, Context, Engine, Process, Seed, Stream};
use squall::units::{Instant, Span};
use std::collections::VecDeque;
use std::error::Error;
use std::num::NonZeroUsize;

#[derive(Clone, Copy, Debug)]
struct Departure;

impl engine::Event for Departure {
    fn rank(self) -> u8 {
        0
    }
    fn fingerprint(self) -> u64 {
        0
    }
}

struct Queue {
    gaps: Stream,
    services: Stream,
    next: Instant,
    /// When each came who is here; the first one is being served.
    here: VecDeque<Instant>,
    sojourns: Sojourns,
}

fn exponential(stream: &mut Stream, mean: f64) -> Span {
    Span::from_secs_f64(mean * stream.exponential())
}

impl Queue {
    fn new(seed: Seed) -> Self {
        let (mut gaps, services) = (seed.stream("gaps"), seed.stream("services"));
        let next = Instant::ZERO + exponential(&mut gaps, GAP);
        Self { gaps, services, next, here: VecDeque::new(), sojourns: Sojourns::default() }
    }

    fn serve(&mut self, now: Instant, ctx: &mut Context<'_, Departure>) {
        ctx.schedule(now + exponential(&mut self.services, SERVICE), Departure);
    }
}

impl Process for Queue {
    type Event = Departure;

    fn flow(&mut self, ctx: &mut Context<'_, Departure>) -> Instant {
        while self.next < ctx.quiet_until() {
            let now = self.next;
            ctx.advance(now);
            if self.here.is_empty() {
                self.serve(now, ctx);
            }
            self.here.push_back(now);
            self.next = now + exponential(&mut self.gaps, GAP);
        }
        self.next
    }

    fn handle(&mut self, _: Departure, ctx: &mut Context<'_, Departure>) {
        let now = ctx.now();
        if let Some(came) = self.here.pop_front() {
            self.sojourns.record((now - came).as_nanos());
        }
        if !self.here.is_empty() {
            self.serve(now, ctx);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let length = Span::from_secs(run.seconds);
    // Alone, it gets no messages: one window is enough.
    let mut engine = Engine::new(vec![Queue::new(Seed(run.seed))], length);
    engine.run(Instant::ZERO + length, NonZeroUsize::MIN);
    engine.processes().for_each(|queue| run.report_mm1(queue.sojourns));
    Ok(())
}

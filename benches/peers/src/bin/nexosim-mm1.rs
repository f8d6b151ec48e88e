//! M/M/1 in nexosim: one model that schedules its own arrivals and departures, so that no customer
//! has to go through a mailbox; one thread, for which nexosim has an executor of its own.

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::QuerySource;
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use peers::mm1::{GAP, SERVICE};
use peers::{Draws, Run, Sojourns, nanos_of};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

#[derive(Default, Serialize, Deserialize)]
struct Queue {
    #[serde(skip)]
    gaps: Draws,
    #[serde(skip)]
    services: Draws,
    /// When each came who is here; the first one is being served.
    #[serde(skip)]
    here: VecDeque<MonotonicTime>,
    #[serde(skip)]
    sojourns: Sojourns,
}

#[Model]
#[allow(clippy::expect_used)] // reason: an event in the past would be a bug in the model
impl Queue {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.expect(cx);
    }

    fn expect(&mut self, cx: &Context<Self>) {
        let gap = self.gaps.duration(GAP);
        cx.schedule_event(gap, schedulable!(Self::arrive), ()).expect("later");
    }

    fn serve(&mut self, cx: &Context<Self>) {
        let service = self.services.duration(SERVICE);
        cx.schedule_event(service, schedulable!(Self::depart), ()).expect("later");
    }

    #[nexosim(schedulable)]
    fn arrive(&mut self, _: (), cx: &Context<Self>) {
        self.here.push_back(cx.time());
        if self.here.len() == 1 {
            self.serve(cx);
        }
        self.expect(cx);
    }

    #[nexosim(schedulable)]
    fn depart(&mut self, _: (), cx: &Context<Self>) {
        if let Some(came) = self.here.pop_front() {
            self.sojourns.record(nanos_of(cx.time().duration_since(came)));
        }
        if !self.here.is_empty() {
            self.serve(cx);
        }
    }

    async fn sojourns(&mut self) -> Sojourns {
        self.sojourns
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let (gaps, services) = (Draws::new(run.seed, 0), Draws::new(run.seed, 1));
    let queue = Queue { gaps, services, ..Queue::default() };
    let mailbox = Mailbox::new();
    let mut bench = SimInit::with_num_threads(1);
    let sojourns = QuerySource::new().connect(Queue::sojourns, &mailbox).register(&mut bench);
    let mut simulation = bench.add_model(queue, mailbox, "queue").init(MonotonicTime::EPOCH)?;
    simulation.step_until(Duration::from_secs(run.seconds))?;
    run.report_mm1(simulation.process_query(&sojourns, ())?);
    Ok(())
}

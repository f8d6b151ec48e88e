//! The CDN in nexosim: a model a region and one for the origin, joined by ports; one thread, for
//! which nexosim has an executor of its own.

use nexosim::model::{Context, Model, schedulable};
use nexosim::ports::{Output, QuerySource};
use nexosim::simulation::{Mailbox, SimInit};
use nexosim::time::MonotonicTime;
use peers::cdn::{self, REGIONS, SERVERS, SERVICE, TRIP};
use peers::edge::{Answer, Tally};
use peers::{Draws, Run, nanos_of};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;
use std::error::Error;
use std::time::Duration;

#[derive(Clone, Copy, Serialize, Deserialize)]
struct Fetch {
    region: usize,
    ticket: u32,
}

fn trip() -> Duration {
    Duration::from_secs_f64(TRIP)
}

#[derive(Serialize, Deserialize)]
struct Region {
    number: usize,
    origin: Output<Fetch>,
    /// Always there: an option because what is not saved needs a default.
    #[serde(skip)]
    inner: Option<Box<cdn::Region>>,
}

#[Model]
#[allow(clippy::expect_used)] // reason: an event in the past would be a bug in the model
impl Region {
    #[nexosim(init)]
    async fn init(&mut self, cx: &Context<Self>) {
        self.expect(cx);
    }

    fn inner(&mut self) -> &mut cdn::Region {
        self.inner.as_mut().expect("always there")
    }

    fn expect(&mut self, cx: &Context<Self>) {
        let (gap, object) = self.inner().arrival();
        let gap = Duration::from_nanos(peers::nanos(gap).max(1));
        cx.schedule_event(gap, schedulable!(Self::arrive), object).expect("later");
    }

    #[nexosim(schedulable)]
    fn arrive(&mut self, object: u32, cx: &Context<Self>) {
        if let Answer::Fetch(ticket) = self.inner().edge.request(now(cx), object) {
            cx.schedule_event(trip(), schedulable!(Self::ask), ticket).expect("later");
        }
        self.expect(cx);
    }

    #[nexosim(schedulable)]
    async fn ask(&mut self, ticket: u32) {
        self.origin.send(Fetch { region: self.number, ticket }).await;
    }

    /// The origin has served an object, and it is on its way [input port].
    fn served(&mut self, ticket: u32, cx: &Context<Self>) {
        cx.schedule_event(trip(), schedulable!(Self::fill), ticket).expect("later");
    }

    #[nexosim(schedulable)]
    fn fill(&mut self, ticket: u32, cx: &Context<Self>) {
        self.inner().edge.fill(now(cx), ticket);
    }

    async fn tally(&mut self) -> Tally {
        self.inner().edge.tally.clone()
    }
}

fn now<M: Model>(cx: &Context<M>) -> u64 {
    nanos_of(cx.time().duration_since(MonotonicTime::EPOCH))
}

#[derive(Serialize, Deserialize)]
struct Origin {
    regions: Vec<Output<u32>>,
    idle: u32,
    #[serde(skip)]
    queue: VecDeque<Fetch>,
    #[serde(skip)]
    draws: Draws,
}

#[Model]
#[allow(clippy::expect_used)] // reason: an event in the past would be a bug in the model
impl Origin {
    /// A region wants an object [input port].
    fn asked(&mut self, fetch: Fetch, cx: &Context<Self>) {
        if self.idle == 0 {
            self.queue.push_back(fetch);
        } else {
            self.idle -= 1;
            self.serve(fetch, cx);
        }
    }

    fn serve(&mut self, fetch: Fetch, cx: &Context<Self>) {
        let service = self.draws.duration(SERVICE);
        cx.schedule_event(service, schedulable!(Self::served), fetch).expect("later");
    }

    #[nexosim(schedulable)]
    async fn served(&mut self, fetch: Fetch, cx: &Context<Self>) {
        self.regions[fetch.region].send(fetch.ticket).await;
        match self.queue.pop_front() {
            Some(next) => self.serve(next, cx),
            None => self.idle += 1,
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let zipf = cdn::zipf()?;
    let mut bench = SimInit::with_num_threads(1);
    let origin_mailbox = Mailbox::new();
    let (mut outputs, mut tallies) = (Vec::new(), Vec::new());
    for number in 0..REGIONS {
        let inner = Some(Box::new(cdn::Region::new(&zipf, run.seed, number)));
        let mut region = Region { number, origin: Output::default(), inner };
        let mailbox = Mailbox::new();
        region.origin.connect(Origin::asked, &origin_mailbox);
        let mut output = Output::default();
        output.connect(Region::served, &mailbox);
        outputs.push(output);
        tallies.push(QuerySource::new().connect(Region::tally, &mailbox).register(&mut bench));
        bench = bench.add_model(region, mailbox, &format!("region {number}"));
    }
    let draws = Draws::new(run.seed, REGIONS as u64);
    let origin = Origin { regions: outputs, idle: SERVERS, queue: VecDeque::new(), draws };
    bench = bench.add_model(origin, origin_mailbox, "origin");
    let mut simulation = bench.init(MonotonicTime::EPOCH)?;
    simulation.step_until(Duration::from_secs(run.seconds))?;
    let mut regions = Vec::new();
    for tally in &tallies {
        regions.push(simulation.process_query(tally, ())?);
    }
    run.report_cdn(&regions);
    Ok(())
}

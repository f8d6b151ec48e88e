//! The CDN in odem-rs: a job for the viewers of each region, and a job for each fetch, from a pool
//! that takes it back when it has ended. The library's own resource, `Facility`, has one server, so
//! the origin's 256 are a count and a queue of wakers, woken as the library's examples do it.

use odem_rs::prelude::*;
use peers::cdn::{self, REGIONS, SERVERS, SERVICE, TRIP};
use peers::edge::Answer;
use peers::{Draws, Run, nanos};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::error::Error;
use std::pin::pin;
use std::task::Waker;

#[derive(Config)]
struct Cdn {
    regions: Vec<RefCell<cdn::Region>>,
    origin: Origin,
}

struct Origin {
    idle: Cell<u32>,
    queue: RefCell<VecDeque<Waker>>,
    draws: RefCell<Draws>,
}

impl Origin {
    /// Waits for a server.
    async fn seize(&self) {
        match self.idle.get() {
            0 => {
                let waker = waker().await;
                self.queue.borrow_mut().push_back(waker);
                // Whoever wakes us hands its server over.
                sleep().await;
            }
            idle => self.idle.set(idle - 1),
        }
    }

    fn release(&self) {
        match self.queue.borrow_mut().pop_front() {
            Some(waker) => waker.wake(),
            None => self.idle.set(self.idle.get() + 1),
        }
    }
}

async fn fetch(sim: &Sim<Cdn>, region: &RefCell<cdn::Region>, ticket: u32) {
    let origin = &sim.global().origin;
    sim.advance(TRIP).await;
    origin.seize().await;
    let service = origin.draws.borrow_mut().seconds(SERVICE);
    sim.advance(service).await;
    origin.release();
    sim.advance(TRIP).await;
    region.borrow_mut().edge.fill(nanos(sim.now()), ticket);
}

async fn viewers(sim: &Sim<Cdn>, region: &RefCell<cdn::Region>) {
    let fetches = pin!(Pool::dynamic().with(Job::new));
    loop {
        let (gap, object) = region.borrow_mut().arrival();
        sim.advance(gap).await;
        let answer = region.borrow_mut().edge.request(nanos(sim.now()), object);
        if let Answer::Fetch(ticket) = answer {
            fetches.activate(sim, fetch(sim, region, ticket));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let zipf = cdn::zipf()?;
    let regions = (0..REGIONS).map(|number| cdn::Region::new(&zipf, run.seed, number));
    let origin = Origin {
        idle: Cell::new(SERVERS),
        queue: RefCell::default(),
        draws: RefCell::new(Draws::new(run.seed, REGIONS as u64)),
    };
    let simulator = Simulator::new(Cdn { regions: regions.map(RefCell::new).collect(), origin });
    let ended = simulator.run(async |sim| {
        let all = pin!(Pool::dynamic().with(Job::new));
        for region in &sim.global().regions {
            all.activate(sim, viewers(sim, region));
        }
        sim.advance(run.seconds as f64).await;
    });
    ended.map_err(|deadlock| deadlock.to_string())?;
    let cdn = simulator.into_inner();
    let regions: Vec<_> = cdn.regions.into_iter().map(RefCell::into_inner).collect();
    run.report_cdn(regions.iter().map(|region| &region.edge.tally));
    Ok(())
}

//! The CDN in simrs: a component a region and one for the origin. Their state lies in cells of their
//! own: the simulation's key-value store, which the library recommends, costs a hash more for each
//! access.

use peers::cdn::{self, REGIONS, Region, SERVERS, SERVICE, TRIP};
use peers::edge::Answer;
use peers::{Draws, Run, nanos_of};
use simrs::{Component, ComponentId, Executor, Scheduler, Simulation, State};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

#[derive(Debug)]
enum AtRegion {
    Asked(u32),
    Fill(u32),
}

#[derive(Debug)]
enum AtOrigin {
    Asked(Fetch),
    Served(Fetch),
}

#[derive(Clone, Copy, Debug)]
struct Fetch {
    from: ComponentId<AtRegion>,
    ticket: u32,
}

fn trip() -> Duration {
    Duration::from_secs_f64(TRIP)
}

struct Edge {
    region: Rc<RefCell<Region>>,
    origin: ComponentId<AtOrigin>,
}

fn expect(region: &mut Region) -> (Duration, AtRegion) {
    let (gap, object) = region.arrival();
    (Duration::from_nanos(peers::nanos(gap)), AtRegion::Asked(object))
}

impl Component for Edge {
    type Event = AtRegion;

    fn process_event(
        &self,
        me: ComponentId<AtRegion>,
        event: &AtRegion,
        scheduler: &mut Scheduler,
        _: &mut State,
    ) {
        let region = &mut *self.region.borrow_mut();
        let now = nanos_of(scheduler.time());
        match *event {
            AtRegion::Asked(object) => {
                if let Answer::Fetch(ticket) = region.edge.request(now, object) {
                    let fetch = Fetch { from: me, ticket };
                    scheduler.schedule(trip(), self.origin, AtOrigin::Asked(fetch));
                }
                let (gap, next) = expect(region);
                scheduler.schedule(gap, me, next);
            }
            AtRegion::Fill(ticket) => region.edge.fill(now, ticket),
        }
    }
}

struct Origin(RefCell<Servers>);

struct Servers {
    idle: u32,
    queue: VecDeque<Fetch>,
    draws: Draws,
}

impl Component for Origin {
    type Event = AtOrigin;

    fn process_event(
        &self,
        me: ComponentId<AtOrigin>,
        event: &AtOrigin,
        scheduler: &mut Scheduler,
        _: &mut State,
    ) {
        let servers = &mut *self.0.borrow_mut();
        let next = match *event {
            AtOrigin::Asked(fetch) if servers.idle == 0 => {
                servers.queue.push_back(fetch);
                None
            }
            AtOrigin::Asked(fetch) => {
                servers.idle -= 1;
                Some(fetch)
            }
            AtOrigin::Served(fetch) => {
                scheduler.schedule(trip(), fetch.from, AtRegion::Fill(fetch.ticket));
                let next = servers.queue.pop_front();
                servers.idle += u32::from(next.is_none());
                next
            }
        };
        if let Some(fetch) = next {
            scheduler.schedule(servers.draws.duration(SERVICE), me, AtOrigin::Served(fetch));
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let zipf = cdn::zipf()?;
    let mut simulation = Simulation::default();
    let draws = Draws::new(run.seed, REGIONS as u64);
    let servers = Servers { idle: SERVERS, queue: VecDeque::new(), draws };
    let origin = simulation.add_component(Origin(RefCell::new(servers)));
    let mut regions = Vec::new();
    for number in 0..REGIONS {
        let mut region = Region::new(&zipf, run.seed, number);
        let (gap, first) = expect(&mut region);
        let region = Rc::new(RefCell::new(region));
        let edge = simulation.add_component(Edge { region: Rc::clone(&region), origin });
        simulation.schedule(gap, edge, first);
        regions.push(region);
    }
    simulation.execute(Executor::timed(Duration::from_secs(run.seconds)));
    let regions: Vec<_> = regions.iter().map(|region| region.borrow()).collect();
    run.report_cdn(regions.iter().map(|region| &region.edge.tally));
    Ok(())
}

//! The CDN in desru: every event is a boxed closure. Without the log of all events, which is on by
//! default and would keep each of them.

use desru::{Event, EventScheduler};
use peers::cdn::{self, REGIONS, Region, SERVERS, SERVICE, TRIP};
use peers::edge::Answer;
use peers::{Draws, Run, nanos};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;

struct Cdn {
    regions: Vec<RefCell<Region>>,
    origin: RefCell<Origin>,
}

struct Origin {
    idle: u32,
    queue: VecDeque<Fetch>,
    draws: Draws,
}

#[derive(Clone, Copy)]
struct Fetch {
    region: usize,
    ticket: u32,
}

/// Lives as long as the program: quicker than a counted reference in every closure.
type Shared = &'static Cdn;

fn after(scheduler: &mut EventScheduler, delay: f64, what: impl Fn(&mut EventScheduler) + 'static) {
    let action = move |scheduler: &mut EventScheduler| {
        what(scheduler);
        None
    };
    scheduler.schedule(Event::new(scheduler.current_time + delay, Some(Box::new(action)), None));
}

fn expect(scheduler: &mut EventScheduler, cdn: Shared, region: usize) {
    let (gap, object) = cdn.regions[region].borrow_mut().arrival();
    after(scheduler, gap, move |scheduler| arrive(scheduler, cdn, region, object));
}

fn arrive(scheduler: &mut EventScheduler, cdn: Shared, region: usize, object: u32) {
    let now = nanos(scheduler.current_time);
    let answer = cdn.regions[region].borrow_mut().edge.request(now, object);
    if let Answer::Fetch(ticket) = answer {
        let fetch = Fetch { region, ticket };
        after(scheduler, TRIP, move |scheduler| asked(scheduler, cdn, fetch));
    }
    expect(scheduler, cdn, region);
}

fn asked(scheduler: &mut EventScheduler, cdn: Shared, fetch: Fetch) {
    let mut origin = cdn.origin.borrow_mut();
    if origin.idle == 0 {
        origin.queue.push_back(fetch);
    } else {
        origin.idle -= 1;
        serve(scheduler, cdn, &mut origin, fetch);
    }
}

fn serve(scheduler: &mut EventScheduler, cdn: Shared, origin: &mut Origin, fetch: Fetch) {
    let service = origin.draws.seconds(SERVICE);
    after(scheduler, service, move |scheduler| served(scheduler, cdn, fetch));
}

fn served(scheduler: &mut EventScheduler, cdn: Shared, fetch: Fetch) {
    let mut origin = cdn.origin.borrow_mut();
    match origin.queue.pop_front() {
        Some(next) => serve(scheduler, cdn, &mut origin, next),
        None => origin.idle += 1,
    }
    after(scheduler, TRIP, move |scheduler| {
        let now = nanos(scheduler.current_time);
        cdn.regions[fetch.region].borrow_mut().edge.fill(now, fetch.ticket);
    });
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let zipf = cdn::zipf()?;
    let regions = (0..REGIONS).map(|number| Region::new(&zipf, run.seed, number));
    let draws = Draws::new(run.seed, REGIONS as u64);
    let cdn: Shared = Box::leak(Box::new(Cdn {
        regions: regions.map(RefCell::new).collect(),
        origin: RefCell::new(Origin { idle: SERVERS, queue: VecDeque::new(), draws }),
    }));
    let mut scheduler = EventScheduler::new();
    (0..REGIONS).for_each(|region| expect(&mut scheduler, cdn, region));
    let end = run.seconds as f64;
    let over = move |scheduler: &EventScheduler| {
        scheduler.event_queue.peek().is_none_or(|event| event.time >= end)
    };
    scheduler.run(Box::new(over), Some(Box::new(|_, _| false)));
    let regions: Vec<_> = cdn.regions.iter().map(RefCell::borrow).collect();
    run.report_cdn(regions.iter().map(|region| &region.edge.tally));
    Ok(())
}

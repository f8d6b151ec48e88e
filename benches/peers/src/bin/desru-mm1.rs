//! M/M/1 in desru: every event is a boxed closure. Without the log of all events, which is on by
//! default and would keep each of them.

use desru::{Event, EventScheduler};
use peers::mm1::{GAP, SERVICE};
use peers::{Draws, Run, Sojourns, nanos};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;

struct Queue {
    gaps: Draws,
    services: Draws,
    /// When each came who is here; the first one is being served.
    here: VecDeque<f64>,
    sojourns: Sojourns,
}

/// Lives as long as the program: quicker than a counted reference in every closure.
type Shared = &'static RefCell<Queue>;

fn at(
    scheduler: &mut EventScheduler,
    delay: f64,
    queue: Shared,
    next: fn(&mut EventScheduler, Shared),
) {
    let action = move |scheduler: &mut EventScheduler| {
        next(scheduler, queue);
        None
    };
    scheduler.schedule(Event::new(scheduler.current_time + delay, Some(Box::new(action)), None));
}

fn arrive(scheduler: &mut EventScheduler, shared: Shared) {
    let queue = &mut *shared.borrow_mut();
    if queue.here.is_empty() {
        at(scheduler, queue.services.seconds(SERVICE), shared, depart);
    }
    queue.here.push_back(scheduler.current_time);
    at(scheduler, queue.gaps.seconds(GAP), shared, arrive);
}

fn depart(scheduler: &mut EventScheduler, shared: Shared) {
    let queue = &mut *shared.borrow_mut();
    if let Some(came) = queue.here.pop_front() {
        queue.sojourns.record(nanos(scheduler.current_time - came));
    }
    if !queue.here.is_empty() {
        at(scheduler, queue.services.seconds(SERVICE), shared, depart);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let mut gaps = Draws::new(run.seed, 0);
    let first = gaps.seconds(GAP);
    let (services, here) = (Draws::new(run.seed, 1), VecDeque::new());
    let queue = Queue { gaps, services, here, sojourns: Sojourns::default() };
    let shared: Shared = Box::leak(Box::new(RefCell::new(queue)));
    let mut scheduler = EventScheduler::new();
    at(&mut scheduler, first, shared, arrive);
    let end = run.seconds as f64;
    let over = move |scheduler: &EventScheduler| {
        scheduler.event_queue.peek().is_none_or(|event| event.time >= end)
    };
    scheduler.run(Box::new(over), Some(Box::new(|_, _| false)));
    run.report_mm1(shared.borrow().sojourns);
    Ok(())
}

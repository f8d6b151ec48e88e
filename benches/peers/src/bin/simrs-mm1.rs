//! M/M/1 in simrs: one component with two kinds of event. Its state lies in a cell of its own: the
//! simulation's key-value store, which the library recommends, costs a hash more for each access.

use peers::mm1::{GAP, SERVICE};
use peers::{Draws, Run, Sojourns, nanos_of};
use simrs::{Component, ComponentId, Executor, Scheduler, Simulation, State};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

struct Queue {
    gaps: Draws,
    services: Draws,
    /// When each came who is here; the first one is being served.
    here: VecDeque<Duration>,
    sojourns: Sojourns,
}

#[derive(Debug)]
enum Customer {
    Arrives,
    Departs,
}

/// A type of our own, so that the component's trait may be implemented.
struct Server(Rc<RefCell<Queue>>);

impl Component for Server {
    type Event = Customer;

    fn process_event(
        &self,
        me: ComponentId<Customer>,
        event: &Customer,
        scheduler: &mut Scheduler,
        _: &mut State,
    ) {
        let queue = &mut *self.0.borrow_mut();
        let now = scheduler.time();
        let starts = match event {
            Customer::Arrives => {
                queue.here.push_back(now);
                scheduler.schedule(queue.gaps.duration(GAP), me, Customer::Arrives);
                queue.here.len() == 1
            }
            Customer::Departs => {
                if let Some(came) = queue.here.pop_front() {
                    queue.sojourns.record(nanos_of(now - came));
                }
                !queue.here.is_empty()
            }
        };
        if starts {
            scheduler.schedule(queue.services.duration(SERVICE), me, Customer::Departs);
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let mut gaps = Draws::new(run.seed, 0);
    let first = gaps.duration(GAP);
    let (services, here) = (Draws::new(run.seed, 1), VecDeque::new());
    let queue = Queue { gaps, services, here, sojourns: Sojourns::default() };
    let queue = Rc::new(RefCell::new(queue));
    let mut simulation = Simulation::default();
    let server = simulation.add_component(Server(Rc::clone(&queue)));
    simulation.schedule(first, server, Customer::Arrives);
    simulation.execute(Executor::timed(Duration::from_secs(run.seconds)));
    run.report_mm1(queue.borrow().sojourns);
    Ok(())
}

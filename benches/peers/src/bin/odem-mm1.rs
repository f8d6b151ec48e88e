//! M/M/1 in odem-rs, after the example `mm1` of its authors: a server that sleeps when nobody is
//! there, and a job that brings customers.

use odem_rs::prelude::*;
use peers::mm1::{GAP, SERVICE};
use peers::{Draws, Run, Sojourns, nanos};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::error::Error;
use std::pin::pin;
use std::task::Waker;

struct Server {
    /// When each came who waits.
    queue: RefCell<VecDeque<f64>>,
    waker: Cell<Option<Waker>>,
    services: RefCell<Draws>,
    sojourns: Cell<Sojourns>,
}

impl Server {
    fn enqueue(&self, now: f64) {
        self.queue.borrow_mut().push_back(now);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    fn dequeue(&self) -> Option<f64> {
        self.queue.borrow_mut().pop_front()
    }
}

impl Behavior for Server {
    type Output = ();

    async fn actions(&self, sim: &Sim) {
        loop {
            while let Some(came) = self.dequeue() {
                let service = self.services.borrow_mut().seconds(SERVICE);
                sim.advance(service).await;
                let mut sojourns = self.sojourns.get();
                sojourns.record(nanos(sim.now() - came));
                self.sojourns.set(sojourns);
            }
            self.waker.set(Some(waker().await));
            sleep().await;
        }
    }
}

async fn customers(sim: &Sim, mut gaps: Draws, server: &Server) {
    loop {
        sim.advance(gaps.seconds(GAP)).await;
        server.enqueue(sim.now());
    }
}

async fn queue(sim: &Sim, run: Run) -> Sojourns {
    let server = pin!(Agent::new(Server {
        queue: RefCell::default(),
        waker: Cell::default(),
        services: RefCell::new(Draws::new(run.seed, 1)),
        sojourns: Cell::default(),
    }));
    let puck = sim.activate(server);
    let gaps = Draws::new(run.seed, 0);
    let customers = pin!(Job::new(customers(sim, gaps, puck.subject())));
    sim.activate(customers);
    sim.advance(run.seconds as f64).await;
    puck.subject().sojourns.get()
}

fn main() -> Result<(), Box<dyn Error>> {
    let run = Run::from_args()?;
    let simulator = Simulator::new(());
    let sojourns = simulator.run(async |sim| queue(sim, run).await);
    run.report_mm1(sojourns.map_err(|deadlock| deadlock.to_string())?);
    Ok(())
}

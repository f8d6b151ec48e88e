//! The protections of a network's viewers: bulkhead, breaker, hedges and their budget, fallback. It
//! decides; it never schedules.
//!
//! They have the rules of [`crate::sim::hop::client`], where one network is one client. A network moves: what was
//! under way for it then is void, it is counted nowhere any more and says nothing of the new site.

use crate::engine::Stream;
use crate::model::{Budget, Fallback, Shield};
use crate::sim::client::networks::Network;
use crate::sim::hop::breaker::{Breaker, State};
use crate::sim::hop::budgets::{Miss, Purse, Ticket};
use crate::sim::hop::client::Leave;
use crate::sim::hop::hedge::Pacer;
use crate::units::{Instant, Span};

/// The protections of one network.
#[derive(Debug)]
pub struct Guard {
    /// The most attempts under way at one time.
    most: u32,
    under_way: u32,
    /// Counts the moves of the network, from 1.
    term: u16,
    breaker: Option<Breaker>,
    /// What limits hedges.
    spare: Option<Purse>,
    pacer: Option<Pacer>,
    fallback: Option<(Fallback, Stream)>,
}

/// What an attempt under way carries of its network's protections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pass {
    /// In which term of the network it left; zero: it is not counted.
    term: u16,
    /// In which term of the breaker.
    breaker: u32,
    /// Its ticket for the budget of hedges.
    spare: Ticket,
    /// When it came to the edge.
    pub left: Instant,
}

impl Pass {
    /// Of an attempt that is not counted.
    pub const NONE: Self = Self { term: 0, breaker: 0, spare: Ticket::NEW, left: Instant::ZERO };
}

impl Guard {
    /// The protections at instant zero; `None` where there are none. `stream` gives the random stream
    /// of this name.
    #[must_use]
    pub fn new(shield: &Shield, stream: impl Fn(&str) -> Stream) -> Option<Self> {
        let budget = shield.hedge.map_or(Budget::None, |hedge| hedge.budget);
        shield.is_on().then(|| Self {
            most: shield.bulkhead.unwrap_or(u32::MAX),
            under_way: 0,
            term: 1,
            breaker: shield.breaker.map(Breaker::new),
            spare: Purse::new(budget, || stream("hedge budget")),
            pacer: shield.hedge.as_ref().map(Pacer::new),
            fallback: shield.fallback.map(|fallback| (fallback, stream("fallback"))),
        })
    }

    /// A request was made: something for the budget of hedges.
    pub fn deposit(&mut self, now: Instant) {
        if let Some(spare) = &mut self.spare {
            spare.deposit(now);
        }
    }

    /// Whether it wants to hear of requests by [`Self::deposit`].
    #[must_use]
    pub fn takes_deposits(&self) -> bool {
        self.spare.as_ref().is_some_and(Purse::takes_deposits)
    }

    /// How long an attempt that leaves now is waited for before a second one goes beside it; `None`
    /// where none does.
    pub fn hedges_after(&mut self, now: Instant) -> Option<Span> {
        self.pacer.as_mut().map(|pacer| pacer.delay(now))
    }

    /// Asks the bulkhead, then the breaker.
    fn admit(&mut self, now: Instant, pass: &mut Pass) -> Leave {
        if self.under_way >= self.most {
            return Leave::Bulkhead;
        }
        if let Some(breaker) = &mut self.breaker {
            let Some(term) = breaker.admit(now) else {
                return Leave::Breaker;
            };
            pass.breaker = term;
        }
        Leave::Goes
    }

    /// An attempt that was admitted does not leave.
    const fn takes_back(&mut self, pass: &Pass) {
        if let Some(breaker) = &mut self.breaker {
            breaker.forget(pass.breaker);
        }
    }

    /// An attempt that was admitted leaves.
    fn count(&mut self, now: Instant, pass: &mut Pass, hedge: bool) {
        (self.under_way, pass.term) = (self.under_way + 1, self.term);
        if let Some(spare) = &mut self.spare {
            spare.leave(now, &mut pass.spare, hedge);
        }
    }

    /// An attempt ends; false if it was not counted, or before the network moved.
    fn ends(&mut self, pass: &Pass) -> bool {
        let counted = pass.term == self.term;
        self.under_way -= u32::from(counted);
        counted
    }

    /// The attempt was answered after `took`, and of two that were sent beside each other the first
    /// after `first`; both as the viewer sees it.
    pub fn answered(&mut self, now: Instant, pass: &Pass, took: Span, first: Span) {
        if let Some(pacer) = &mut self.pacer {
            pacer.note(first);
        }
        if !self.ends(pass) {
            return;
        }
        if let Some(spare) = &mut self.spare {
            spare.answered(now, pass.spare);
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.record(now, pass.breaker, false, took);
        }
    }

    /// The attempt has failed after `took`.
    pub fn failed(&mut self, now: Instant, mut pass: Pass, took: Span) {
        if !self.ends(&pass) {
            return;
        }
        if let Some(spare) = &mut self.spare {
            spare.failed(&mut pass.spare);
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.record(now, pass.breaker, true, took);
        }
    }

    /// The attempt was given up while it was under way: neither good nor bad.
    pub fn dropped(&mut self, mut pass: Pass) {
        if !self.ends(&pass) {
            return;
        }
        if let Some(spare) = &mut self.spare {
            spare.dropped(&mut pass.spare, true);
        }
        self.takes_back(&pass);
    }

    /// The network moves: connections end, so nothing of what was under way is counted any more.
    pub fn move_on(&mut self) {
        self.under_way = 0;
        self.term = self.term.checked_add(1).unwrap_or(1);
        if let Some(spare) = &mut self.spare {
            spare.move_on();
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.move_on();
        }
    }

    /// What its breaker does with attempts; closed if there is none.
    #[must_use]
    pub fn state(&self) -> State {
        self.breaker.as_ref().map_or(State::Closed, Breaker::state)
    }

    /// A request has failed for good: whether something else answers in its place. `None` when there is
    /// nothing else.
    pub fn falls_back(&mut self) -> Option<bool> {
        let (fallback, stream) = self.fallback.as_mut()?;
        Some(!stream.chance(fallback.failing))
    }
}

impl Network {
    /// Whether an attempt may leave, which is under way then. It asks the bulkhead, then the breaker,
    /// then the retry budget; what the budget had granted to an attempt that may not is given back
    /// where the budget counts what is under way.
    pub fn leave(&mut self, now: Instant, ticket: &mut Ticket, retry: bool) -> Result<Pass, Leave> {
        self.ask(now, ticket, Pass::NONE, (retry, false))
    }

    /// A second attempt wants to leave beside one that is under way; it is under way if so. `None` when
    /// the budget of hedges, the bulkhead, the breaker or the retry budget refuses it.
    pub fn hedge(&mut self, now: Instant, ticket: &mut Ticket) -> Option<Pass> {
        let mut pass = Pass::NONE;
        let spare = &mut self.guard.as_mut()?.spare;
        if spare.as_mut().is_some_and(|spare| !spare.grant(now, &mut pass.spare, Miss::TimeOut)) {
            return None;
        }
        let left = self.ask(now, ticket, pass, (false, true)).ok();
        if left.is_none()
            && let Some(Guard { spare: Some(spare), .. }) = self.guard.as_deref_mut()
        {
            spare.dropped(&mut pass.spare, false);
        }
        left
    }

    fn ask(
        &mut self,
        now: Instant,
        ticket: &mut Ticket,
        mut pass: Pass,
        (retry, hedge): (bool, bool),
    ) -> Result<Pass, Leave> {
        let mut guard = self.guard.as_deref_mut();
        let mut answer = guard.as_mut().map_or(Leave::Goes, |guard| guard.admit(now, &mut pass));
        if let (Leave::Goes, Some(purse)) = (answer, &mut self.purse)
            && !purse.leave(now, ticket, retry)
        {
            answer = Leave::Budget;
            guard.iter_mut().for_each(|guard| guard.takes_back(&pass));
        }
        if answer == Leave::Goes {
            guard.iter_mut().for_each(|guard| guard.count(now, &mut pass, hedge));
            return Ok(pass);
        }
        if let Some(purse) = &mut self.purse {
            purse.dropped(ticket, false);
        }
        Err(answer)
    }

    /// What its breaker does with attempts; closed if there is none.
    #[must_use]
    pub fn breaker(&self) -> State {
        self.guard.as_ref().map_or(State::Closed, |guard| guard.state())
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;

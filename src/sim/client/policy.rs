//! The protections of a network's viewers: bulkhead, breaker, hedges and their budget, fallback. It
//! decides; it never schedules.
//!
//! They have the rules of [`crate::sim::hop::client`], where one network is one client. A network moves:
//! what was under way for it then is void, it is counted nowhere any more and says nothing of the new site.

use crate::engine::Stream;
use crate::model::{Budget, ClientPolicy, Fallback};
use crate::sim::client::networks::Network;
use crate::sim::hop::breaker::{Breaker, State};
use crate::sim::hop::budgets::{RetryBudget, RetryToken};
use crate::sim::hop::client::Admission;
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::hedge::HedgeDelay;
use crate::units::{Instant, Span};

/// The protections of one network.
#[derive(Debug)]
pub struct PolicyState {
    /// The most attempts under way at one time.
    most: u32,
    under_way: u32,
    /// Counts the moves of the network, from 1.
    term: u16,
    breaker: Option<Breaker>,
    /// What limits hedges.
    hedge_budget: Option<RetryBudget>,
    hedge_delay: Option<HedgeDelay>,
    fallback: Option<(Fallback, Stream)>,
}

/// What an attempt under way carries of its network's protections.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permit {
    /// In which term of the network it left; zero: it is not counted.
    term: u16,
    /// In which term of the breaker.
    breaker: u32,
    /// Its ticket for the budget of hedges.
    hedge_budget: RetryToken,
    /// When it came to the edge.
    pub sent_at: Instant,
}

impl Permit {
    /// Of an attempt that is not counted.
    pub const NONE: Self =
        Self { term: 0, breaker: 0, hedge_budget: RetryToken::NEW, sent_at: Instant::ZERO };
}

impl PolicyState {
    /// The protections at instant zero; `None` where there are none. `stream` gives the random stream
    /// of this name.
    #[must_use]
    pub fn new(client_policy: &ClientPolicy, stream: impl Fn(&str) -> Stream) -> Option<Self> {
        let budget = client_policy.hedge.map_or(Budget::None, |hedge| hedge.budget);
        client_policy.is_on().then(|| Self {
            most: client_policy.bulkhead.unwrap_or(u32::MAX),
            under_way: 0,
            term: 1,
            breaker: client_policy.breaker.map(Breaker::new),
            hedge_budget: RetryBudget::new(budget, || stream("hedge budget")),
            hedge_delay: client_policy.hedge.as_ref().map(HedgeDelay::new),
            fallback: client_policy.fallback.map(|fallback| (fallback, stream("fallback"))),
        })
    }

    /// A request was made: something for the budget of hedges.
    pub fn deposit(&mut self, now: Instant) {
        if let Some(hedge_budget) = &mut self.hedge_budget {
            hedge_budget.deposit(now);
        }
    }

    /// Whether it wants to hear of requests by [`Self::deposit`].
    #[must_use]
    pub fn takes_deposits(&self) -> bool {
        self.hedge_budget.as_ref().is_some_and(RetryBudget::takes_deposits)
    }

    /// How long an attempt that leaves now is waited for before a second one goes beside it; `None`
    /// where none does.
    pub fn hedges_after(&mut self, now: Instant) -> Option<Span> {
        self.hedge_delay.as_mut().map(|hedge_delay| hedge_delay.delay(now))
    }

    /// Asks the bulkhead, then the breaker.
    fn admit(&mut self, now: Instant, permit: &mut Permit) -> Admission {
        if self.under_way >= self.most {
            return Admission::Bulkhead;
        }
        if let Some(breaker) = &mut self.breaker {
            let Some(term) = breaker.admit(now) else {
                return Admission::Breaker;
            };
            permit.breaker = term;
        }
        Admission::Goes
    }

    /// An attempt that was admitted does not leave.
    const fn takes_back(&mut self, permit: &Permit) {
        if let Some(breaker) = &mut self.breaker {
            breaker.forget(permit.breaker);
        }
    }

    /// An attempt that was admitted leaves.
    fn count(&mut self, now: Instant, permit: &mut Permit, hedge: bool) {
        (self.under_way, permit.term) = (self.under_way + 1, self.term);
        if let Some(hedge_budget) = &mut self.hedge_budget {
            hedge_budget.admit(now, &mut permit.hedge_budget, hedge);
        }
    }

    /// An attempt ends; false if it was not counted, or before the network moved.
    fn ends(&mut self, permit: &Permit) -> bool {
        let counted = permit.term == self.term;
        self.under_way -= u32::from(counted);
        counted
    }

    /// The attempt was answered after `took`, and of two that were sent beside each other the first
    /// after `first`; both as the viewer sees it.
    pub fn answered(&mut self, now: Instant, permit: &Permit, took: Span, first: Span) {
        if let Some(hedge_delay) = &mut self.hedge_delay {
            hedge_delay.note(first);
        }
        if !self.ends(permit) {
            return;
        }
        if let Some(hedge_budget) = &mut self.hedge_budget {
            hedge_budget.answered(now, permit.hedge_budget);
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.record(now, permit.breaker, false, took);
        }
    }

    /// The attempt has failed after `took`.
    pub fn failed(&mut self, now: Instant, mut permit: Permit, took: Span) {
        if !self.ends(&permit) {
            return;
        }
        if let Some(hedge_budget) = &mut self.hedge_budget {
            hedge_budget.failed(&mut permit.hedge_budget);
        }
        if let Some(breaker) = &mut self.breaker {
            breaker.record(now, permit.breaker, true, took);
        }
    }

    /// The attempt was given up while it was under way: neither good nor bad.
    pub fn dropped(&mut self, mut permit: Permit) {
        if !self.ends(&permit) {
            return;
        }
        if let Some(hedge_budget) = &mut self.hedge_budget {
            hedge_budget.dropped(&mut permit.hedge_budget, true);
        }
        self.takes_back(&permit);
    }

    /// The network moves: connections end, so nothing of what was under way is counted any more.
    pub fn move_on(&mut self) {
        self.under_way = 0;
        self.term = self.term.checked_add(1).unwrap_or(1);
        if let Some(hedge_budget) = &mut self.hedge_budget {
            hedge_budget.move_on();
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
    pub fn admit(
        &mut self,
        now: Instant,
        token: &mut RetryToken,
        retry: bool,
    ) -> Result<Permit, Admission> {
        self.ask(now, token, Permit::NONE, (retry, false))
    }

    /// A second attempt wants to leave beside one that is under way; it is under way if so. `None` when
    /// the budget of hedges, the bulkhead, the breaker or the retry budget refuses it.
    pub fn hedge(&mut self, now: Instant, token: &mut RetryToken) -> Option<Permit> {
        let mut permit = Permit::NONE;
        let hedge_budget = &mut self.policy.as_mut()?.hedge_budget;
        if hedge_budget.as_mut().is_some_and(|hedge_budget| {
            !hedge_budget.grant(now, &mut permit.hedge_budget, AttemptError::TimeOut)
        }) {
            return None;
        }
        let left = self.ask(now, token, permit, (false, true)).ok();
        if left.is_none()
            && let Some(PolicyState { hedge_budget: Some(hedge_budget), .. }) =
                self.policy.as_deref_mut()
        {
            hedge_budget.dropped(&mut permit.hedge_budget, false);
        }
        left
    }

    fn ask(
        &mut self,
        now: Instant,
        token: &mut RetryToken,
        mut permit: Permit,
        (retry, hedge): (bool, bool),
    ) -> Result<Permit, Admission> {
        let mut policy = self.policy.as_deref_mut();
        let mut answer =
            policy.as_mut().map_or(Admission::Goes, |policy| policy.admit(now, &mut permit));
        if let (Admission::Goes, Some(retry_budget)) = (answer, &mut self.retry_budget)
            && !retry_budget.admit(now, token, retry)
        {
            answer = Admission::Budget;
            policy.iter_mut().for_each(|policy| policy.takes_back(&permit));
        }
        if answer == Admission::Goes {
            policy.iter_mut().for_each(|policy| policy.count(now, &mut permit, hedge));
            return Ok(permit);
        }
        if let Some(retry_budget) = &mut self.retry_budget {
            retry_budget.dropped(token, false);
        }
        Err(answer)
    }

    /// What its breaker does with attempts; closed if there is none.
    #[must_use]
    pub fn breaker(&self) -> State {
        self.policy.as_ref().map_or(State::Closed, |policy| policy.state())
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;

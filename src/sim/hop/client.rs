//! The client side of a hop: attempts, backoff, the clients' retry budgets, bulkheads and breakers. It
//! decides; it never schedules.

use crate::engine::{Seed, Stream};
use crate::model::{Budget, Call};
use crate::sim::hop::breaker::{Breaker, State};
use crate::sim::hop::budgets::{RetryBudget, RetryToken};
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::hedge::HedgeDelay;
use crate::units::{Instant, Span};

/// All clients of one hop in one region.
#[derive(Debug)]
pub struct HopClient {
    call: Call,
    /// Empty where nothing is limited.
    clients: Vec<ClientState>,
    /// Draws which client makes a call.
    choice: Stream,
    jitter: Stream,
    fallback: Stream,
    /// When a second attempt goes beside the first, if any does.
    hedge_delay: Option<HedgeDelay>,
}

/// What limits one client.
#[derive(Debug)]
struct ClientState {
    retry_budget: Option<RetryBudget>,
    /// What limits its hedges.
    hedge_budget: Option<RetryBudget>,
    breaker: Option<Breaker>,
    /// How many attempts are under way.
    under_way: u32,
}

/// One call, as its caller keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Attempt {
    client: u32,
    /// Attempts that have left.
    number: u8,
    token: RetryToken,
    /// Its ticket for the budget of hedges, and whether it is one.
    hedge_budget: RetryToken,
    hedge: bool,
    /// When the last of them left, and in which term of the breaker.
    sent_at: Instant,
    term: u32,
}

/// Whether an attempt leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// It does.
    Goes,
    /// The budget refuses it.
    Budget,
    /// The breaker is open, or half open and has all the trials that it wants.
    Breaker,
    /// The bulkhead is full: as many attempts are under way as may be.
    Bulkhead,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NextStep {
    /// Another attempt, at this instant.
    Again(Instant),
    /// Nothing: the budget refuses a retry.
    Denied,
    /// Nothing: it was the last, or the next would come after the deadline.
    Last,
}

impl Attempt {
    /// Whether its last attempt was not its first.
    #[must_use]
    pub const fn is_retry(self) -> bool {
        self.number > 1
    }

    /// When its last attempt left.
    #[must_use]
    pub const fn sent_at(self) -> Instant {
        self.sent_at
    }
}

impl ClientState {
    /// Asks the bulkhead, then the breaker, then the budget.
    fn admit(&mut self, now: Instant, attempt: &mut Attempt, most: u32) -> Admission {
        if self.under_way >= most {
            return Admission::Bulkhead;
        }
        if let Some(breaker) = &mut self.breaker {
            let Some(term) = breaker.admit(now) else {
                return Admission::Breaker;
            };
            attempt.term = term;
        }
        let retry = attempt.number > 0;
        if let Some(retry_budget) = &mut self.retry_budget
            && !retry_budget.admit(now, &mut attempt.token, retry)
        {
            if let Some(breaker) = &mut self.breaker {
                breaker.forget(attempt.term);
            }
            return Admission::Budget;
        }
        if let Some(hedge_budget) = &mut self.hedge_budget {
            hedge_budget.admit(now, &mut attempt.hedge_budget, attempt.hedge);
        }
        Admission::Goes
    }

    /// An attempt may not leave: what was granted to it is given back.
    fn refused(&mut self, attempt: &mut Attempt) {
        if let Some(retry_budget) = &mut self.retry_budget {
            retry_budget.dropped(&mut attempt.token, false);
        }
        if let (Some(hedge_budget), true) = (&mut self.hedge_budget, attempt.hedge) {
            hedge_budget.dropped(&mut attempt.hedge_budget, false);
        }
    }
}

impl HopClient {
    /// The clients of a hop at instant zero. `name` is that of the region and of the hop, for the
    /// random streams.
    #[must_use]
    pub fn new(call: &Call, seed: Seed, name: &str) -> Self {
        let client = |number| {
            let stream = || seed.stream(&format!("{name} calls/budget {number}"));
            let retry_budget = RetryBudget::new(call.retry.budget, stream);
            let breaker = call.breaker.map(Breaker::new);
            let hedges = || seed.stream(&format!("{name} calls/hedge budget {number}"));
            let budget = call.hedge.as_ref().map_or(Budget::None, |hedge| hedge.budget);
            let hedge_budget = RetryBudget::new(budget, hedges);
            let limits = retry_budget.is_some()
                || hedge_budget.is_some()
                || breaker.is_some()
                || call.bulkhead.is_some();
            limits.then_some(ClientState { retry_budget, hedge_budget, breaker, under_way: 0 })
        };
        let stream = |what: &str| seed.stream(&format!("{name} calls/{what}"));
        Self {
            call: call.clone(),
            clients: (0..call.clients).map_while(client).collect(),
            choice: stream("client"),
            jitter: stream("jitter"),
            fallback: stream("fallback"),
            hedge_delay: call.hedge.as_ref().map(HedgeDelay::new),
        }
    }

    /// A call is made.
    #[inline]
    pub fn begin(&mut self, now: Instant) -> Attempt {
        let client = match self.call.clients {
            0 | 1 => 0,
            #[allow(clippy::cast_possible_truncation)] // reason: below a number of 32 bits
            clients => self.choice.below(u64::from(clients)) as u32,
        };
        if let Some(ClientState { retry_budget, hedge_budget, .. }) =
            self.clients.get_mut(client as usize)
        {
            retry_budget
                .iter_mut()
                .chain(hedge_budget)
                .for_each(|retry_budget| retry_budget.deposit(now));
        }
        let (token, hedge_budget) = (RetryToken::NEW, RetryToken::NEW);
        Attempt { client, number: 0, token, hedge_budget, hedge: false, sent_at: now, term: 0 }
    }

    /// How long the attempt that leaves now is waited for before a second one goes beside it; `None`
    /// where none does.
    pub fn hedges_after(&mut self, now: Instant) -> Option<Span> {
        self.hedge_delay.as_mut().map(|hedge_delay| hedge_delay.delay(now))
    }

    /// A second attempt wants to leave beside one that is under way; it has left if so. `None` when the
    /// budget of hedges, the bulkhead, the breaker or the retry budget refuses it.
    pub fn hedge(&mut self, now: Instant, beside: &Attempt) -> Option<Attempt> {
        let mut attempt = Attempt {
            number: 0,
            token: RetryToken::NEW,
            hedge_budget: RetryToken::NEW,
            hedge: true,
            ..*beside
        };
        if let Some(ClientState { hedge_budget: Some(hedge_budget), .. }) =
            self.clients.get_mut(attempt.client as usize)
            && !hedge_budget.grant(now, &mut attempt.hedge_budget, AttemptError::TimeOut)
        {
            return None;
        }
        (self.admit(now, &mut attempt) == Admission::Goes).then_some(attempt)
    }

    /// Whether an attempt may leave; it has left if so. One that may not gives back the place that its budget
    /// had granted; tokens stay taken ([`RetryBudget::dropped`]).
    pub fn admit(&mut self, now: Instant, attempt: &mut Attempt) -> Admission {
        if let Some(client) = self.clients.get_mut(attempt.client as usize) {
            let most = self.call.bulkhead.unwrap_or(u32::MAX);
            let admission = client.admit(now, attempt, most);
            if admission != Admission::Goes {
                client.refused(attempt);
                return admission;
            }
            client.under_way += 1;
        }
        attempt.number += 1;
        attempt.sent_at = now;
        Admission::Goes
    }

    /// The attempt was answered. Of two that were sent beside each other `first` is when the first left.
    pub fn answered(&mut self, now: Instant, attempt: &Attempt, first: Instant) {
        if let Some(hedge_delay) = &mut self.hedge_delay {
            hedge_delay.note(now.since(first));
        }
        let Some(client) = self.clients.get_mut(attempt.client as usize) else {
            return;
        };
        client.under_way -= 1;
        if let Some(retry_budget) = &mut client.retry_budget {
            retry_budget.answered(now, attempt.token);
        }
        if let Some(hedge_budget) = &mut client.hedge_budget {
            hedge_budget.answered(now, attempt.hedge_budget);
        }
        if let Some(breaker) = &mut client.breaker {
            breaker.record(now, attempt.term, false, now.since(attempt.sent_at));
        }
    }

    /// The attempt has failed.
    pub fn failed(&mut self, now: Instant, attempt: &mut Attempt) {
        let Some(client) = self.clients.get_mut(attempt.client as usize) else {
            return;
        };
        client.under_way -= 1;
        if let Some(retry_budget) = &mut client.retry_budget {
            retry_budget.failed(&mut attempt.token);
        }
        if let Some(hedge_budget) = &mut client.hedge_budget {
            hedge_budget.failed(&mut attempt.hedge_budget);
        }
        if let Some(breaker) = &mut client.breaker {
            breaker.record(now, attempt.term, true, now.since(attempt.sent_at));
        }
    }

    /// What follows, when nothing else is under way for the call. The caller's own `deadline` counts
    /// where deadlines travel along.
    pub fn next_step(
        &mut self,
        now: Instant,
        attempt: &mut Attempt,
        error: AttemptError,
        deadline: Instant,
    ) -> NextStep {
        if u32::from(attempt.number) >= self.call.retry.attempts {
            return NextStep::Last;
        }
        let client = self.clients.get_mut(attempt.client as usize);
        let retry_budget = client.and_then(|client| client.retry_budget.as_mut());
        if retry_budget
            .is_some_and(|retry_budget| !retry_budget.grant(now, &mut attempt.token, error))
        {
            return NextStep::Denied;
        }
        let wait = self.call.retry.wait(attempt.number.into(), &mut self.jitter);
        let at = now.saturating_add(wait);
        if self.call.deadline && at >= deadline {
            self.dropped(*attempt, false);
            return NextStep::Last;
        }
        NextStep::Again(at)
    }

    /// The caller itself was given up, with an attempt under way or between two of them: neither good
    /// nor bad.
    pub fn dropped(&mut self, mut attempt: Attempt, under_way: bool) {
        let Some(client) =
            self.clients.get_mut(attempt.client as usize).filter(|_| attempt.number > 0)
        else {
            return;
        };
        client.under_way -= u32::from(under_way);
        if let Some(retry_budget) = &mut client.retry_budget {
            retry_budget.dropped(&mut attempt.token, under_way);
        }
        if let (Some(hedge_budget), true) = (&mut client.hedge_budget, under_way) {
            hedge_budget.dropped(&mut attempt.hedge_budget, true);
        }
        if let (Some(breaker), true) = (&mut client.breaker, under_way) {
            breaker.forget(attempt.term);
        }
    }

    /// The state of the client's breaker that is most open.
    #[must_use]
    pub fn breaker(&self) -> State {
        let states = self.clients.iter().filter_map(|client| client.breaker.as_ref());
        states.map(Breaker::state).max().unwrap_or(State::Closed)
    }

    /// Whether there are breakers to be watched.
    #[must_use]
    pub const fn has_breakers(&self) -> bool {
        self.call.breaker.is_some()
    }

    /// The call has failed for good: whether something else answers in its place. `None` when there is
    /// nothing else.
    pub fn falls_back(&mut self) -> Option<bool> {
        let fallback = self.call.fallback.as_ref()?;
        Some(!self.fallback.chance(fallback.failing))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BreakerRule, Window};
    use crate::model::{Budget, Fallback, Jitter};
    use crate::units::Span;

    fn caller(attempts: u32, clients: u32, budget: Budget) -> HopClient {
        let mut call = Call { clients, ..Call::plain() };
        (call.retry.attempts, call.retry.jitter, call.retry.budget) =
            (attempts, Jitter::None, budget);
        HopClient::new(&call, Seed(1), "here/manifest")
    }

    /// A failed attempt, and what follows.
    fn fails(caller: &mut HopClient, attempt: &mut Attempt, deadline: Instant) -> NextStep {
        caller.failed(Instant::ZERO, attempt);
        caller.next_step(Instant::ZERO, attempt, AttemptError::Error, deadline)
    }

    fn is_admitted(caller: &mut HopClient, attempt: &mut Attempt) -> bool {
        caller.admit(Instant::ZERO, attempt) == Admission::Goes
    }

    #[test]
    fn waits_grow_until_the_last_attempt() {
        let mut caller = caller(3, 1, Budget::None);
        let mut attempt = caller.begin(Instant::ZERO);
        let mut next = || {
            assert!(is_admitted(&mut caller, &mut attempt));
            fails(&mut caller, &mut attempt, Instant::NEVER)
        };
        let ms = |millis| Instant::ZERO + Span::from_millis(millis);
        let all = [next(), next(), next()];
        assert_eq!(all, [NextStep::Again(ms(25)), NextStep::Again(ms(50)), NextStep::Last]);
    }

    #[test]
    fn nothing_is_tried_again_that_could_not_be_in_time() {
        let mut call = Call { deadline: true, ..Call::plain() };
        (call.retry.attempts, call.retry.jitter) = (9, Jitter::None);
        let mut caller = HopClient::new(&call, Seed(1), "x");
        let mut attempt = caller.begin(Instant::ZERO);
        let at = |millis| Instant::ZERO + Span::from_millis(millis);
        let mut next = |deadline| {
            assert!(is_admitted(&mut caller, &mut attempt));
            fails(&mut caller, &mut attempt, deadline)
        };
        assert_eq!([next(at(26)), next(at(50))], [NextStep::Again(at(25)), NextStep::Last]);
    }

    #[test]
    fn each_client_has_a_budget_of_its_own() {
        // Two retries a client and no deposits: a client that has used them gets none.
        let budget = Budget::SmallBucket { tokens: 2, deposit: 0 };
        let mut caller = caller(2, 3, budget);
        let mut granted = [0; 3];
        for _ in 0..200 {
            let mut attempt = caller.begin(Instant::ZERO);
            assert!(is_admitted(&mut caller, &mut attempt));
            if let NextStep::Again(_) = fails(&mut caller, &mut attempt, Instant::NEVER) {
                granted[attempt.client as usize] += 1;
            }
        }
        assert_eq!(granted, [2; 3]);
    }

    #[test]
    fn a_breaker_counts_each_attempt_and_stops_the_next() {
        let mut caller = caller(9, 1, Budget::None);
        let rule = BreakerRule {
            window: Window::Calls(2),
            minimum: 2,
            failures: 1.0,
            slow: Span::from_secs(1),
            slow_share: 1.0,
            open: Span::from_secs(5),
            trials: 1,
        };
        caller = HopClient::new(&Call { breaker: Some(rule), ..caller.call }, Seed(1), "x");
        let mut attempt = caller.begin(Instant::ZERO);
        for _ in 0..2 {
            assert!(is_admitted(&mut caller, &mut attempt));
            fails(&mut caller, &mut attempt, Instant::NEVER);
        }
        assert_eq!(caller.admit(Instant::ZERO, &mut attempt), Admission::Breaker);
        assert_eq!(caller.breaker(), State::Open);
        let later = Instant::ZERO + Span::from_secs(5);
        assert_eq!(caller.admit(later, &mut attempt), Admission::Goes);
        assert_eq!(caller.breaker(), State::HalfOpen);
        caller.answered(later, &attempt, later);
        assert_eq!(caller.breaker(), State::Closed);
    }

    #[test]
    fn a_bulkhead_lets_so_many_leave_at_once() {
        let call = Call { bulkhead: Some(2), ..Call::plain() };
        let (mut caller, now) = (HopClient::new(&call, Seed(1), "x"), Instant::ZERO);
        let mut attempts: Vec<Attempt> = (0..5).map(|_| caller.begin(now)).collect();
        let (full, goes) = (Admission::Bulkhead, Admission::Goes);
        assert_eq!([0, 1, 2].map(|n| caller.admit(now, &mut attempts[n])), [goes, goes, full]);
        caller.answered(now, &attempts[0], now);
        assert_eq!([2, 3].map(|n| caller.admit(now, &mut attempts[n])), [goes, full]);
        fails(&mut caller, &mut attempts[1], Instant::NEVER);
        caller.dropped(attempts[2], true);
        assert_eq!([3, 4, 0].map(|n| caller.admit(now, &mut attempts[n])), [goes, goes, full]);
    }

    #[test]
    fn a_retry_that_may_not_leave_gives_its_place_back() {
        let mut call = Call { bulkhead: Some(1), ..Call::plain() };
        (call.retry.attempts, call.retry.budget) = (9, Budget::Limit { retries: 1 });
        let (mut caller, now) = (HopClient::new(&call, Seed(1), "x"), Instant::ZERO);
        for _ in 0..3 {
            let (mut one, mut two) = (caller.begin(now), caller.begin(now));
            assert!(is_admitted(&mut caller, &mut one));
            let after = fails(&mut caller, &mut one, Instant::NEVER);
            assert!(matches!(after, NextStep::Again(_)), "the only place is free: {after:?}");
            assert!(is_admitted(&mut caller, &mut two));
            assert_eq!(caller.admit(now, &mut one), Admission::Bulkhead);
            caller.answered(now, &two, now);
        }
    }

    #[test]
    fn a_fallback_fails_as_often_as_it_says() {
        let call = Call { fallback: Some(Fallback { failing: 0.25 }), ..Call::plain() };
        let mut caller = HopClient::new(&call, Seed(1), "x");
        let failed = (0..10_000).filter(|_| caller.falls_back() == Some(false)).count();
        // The standard deviation is 43.
        assert!((2_330..2_670).contains(&failed), "{failed}");
        assert_eq!(HopClient::new(&Call::plain(), Seed(1), "x").falls_back(), None);
    }

    #[test]
    fn a_call_that_is_dropped_gives_its_place_back() {
        let mut caller = caller(9, 1, Budget::Limit { retries: 1 });
        let mut one = caller.begin(Instant::ZERO);
        assert!(is_admitted(&mut caller, &mut one));
        assert!(matches!(fails(&mut caller, &mut one, Instant::NEVER), NextStep::Again(_)));
        assert!(is_admitted(&mut caller, &mut one));
        let mut two = caller.begin(Instant::ZERO);
        assert!(is_admitted(&mut caller, &mut two));
        assert_eq!(fails(&mut caller, &mut two, Instant::NEVER), NextStep::Denied);
        caller.dropped(one, true);
        let mut three = caller.begin(Instant::ZERO);
        assert!(is_admitted(&mut caller, &mut three));
        assert!(matches!(fails(&mut caller, &mut three, Instant::NEVER), NextStep::Again(_)));
        caller.dropped(three, false);
        let mut four = caller.begin(Instant::ZERO);
        assert!(is_admitted(&mut caller, &mut four));
        assert!(matches!(fails(&mut caller, &mut four, Instant::NEVER), NextStep::Again(_)));
    }
}

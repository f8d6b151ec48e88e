//! Who calls the next hop: attempts, backoff, the clients' retry budgets, bulkheads and breakers. It
//! decides; it never schedules.

use crate::engine::{Seed, Stream};
use crate::model::{Budget, Call};
use crate::sim::hop::breaker::{Breaker, State};
use crate::sim::hop::budgets::{Miss, Purse, Ticket};
use crate::sim::hop::hedge::Pacer;
use crate::units::{Instant, Span};

/// All clients of one hop in one region.
#[derive(Debug)]
pub struct Caller {
    call: Call,
    /// Empty where nothing is limited.
    clients: Vec<Client>,
    /// Draws which client makes a call.
    who: Stream,
    jitter: Stream,
    fallback: Stream,
    /// When a second attempt goes beside the first, if any does.
    pacer: Option<Pacer>,
}

/// What limits one client.
#[derive(Debug)]
struct Client {
    purse: Option<Purse>,
    /// What limits its hedges.
    spare: Option<Purse>,
    breaker: Option<Breaker>,
    /// How many attempts are under way.
    under_way: u32,
}

/// One call, as its caller keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn {
    client: u32,
    /// Attempts that have left.
    attempt: u8,
    ticket: Ticket,
    /// Its ticket for the budget of hedges, and whether it is one.
    spare: Ticket,
    hedge: bool,
    /// When the last of them left, and in which term of the breaker.
    left: Instant,
    term: u32,
}

/// Whether an attempt leaves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Leave {
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
pub enum After {
    /// Another attempt, at this instant.
    Again(Instant),
    /// Nothing: the budget refuses a retry.
    Denied,
    /// Nothing: it was the last, or the next would come after the deadline.
    Last,
}

impl Turn {
    /// Whether its last attempt was not its first.
    #[must_use]
    pub const fn is_retry(self) -> bool {
        self.attempt > 1
    }

    /// When its last attempt left.
    #[must_use]
    pub const fn left(self) -> Instant {
        self.left
    }
}

impl Client {
    /// Asks the bulkhead, then the breaker, then the budget.
    fn leave(&mut self, now: Instant, turn: &mut Turn, most: u32) -> Leave {
        if self.under_way >= most {
            return Leave::Bulkhead;
        }
        if let Some(breaker) = &mut self.breaker {
            let Some(term) = breaker.admit(now) else {
                return Leave::Breaker;
            };
            turn.term = term;
        }
        let retry = turn.attempt > 0;
        if let Some(purse) = &mut self.purse
            && !purse.leave(now, &mut turn.ticket, retry)
        {
            if let Some(breaker) = &mut self.breaker {
                breaker.forget(turn.term);
            }
            return Leave::Budget;
        }
        if let Some(spare) = &mut self.spare {
            spare.leave(now, &mut turn.spare, turn.hedge);
        }
        Leave::Goes
    }

    /// An attempt may not leave: what was granted to it is given back.
    fn stays(&mut self, turn: &mut Turn) {
        if let Some(purse) = &mut self.purse {
            purse.dropped(&mut turn.ticket, false);
        }
        if let (Some(spare), true) = (&mut self.spare, turn.hedge) {
            spare.dropped(&mut turn.spare, false);
        }
    }
}

impl Caller {
    /// The clients of a hop at instant zero. `name` is that of the region and of the hop, for the
    /// random streams.
    #[must_use]
    pub fn new(call: &Call, seed: Seed, name: &str) -> Self {
        let client = |number| {
            let stream = || seed.stream(&format!("{name} calls/budget {number}"));
            let purse = Purse::new(call.retry.budget, stream);
            let breaker = call.breaker.map(Breaker::new);
            let hedges = || seed.stream(&format!("{name} calls/hedge budget {number}"));
            let budget = call.hedge.as_ref().map_or(Budget::None, |hedge| hedge.budget);
            let spare = Purse::new(budget, hedges);
            let limits =
                purse.is_some() || spare.is_some() || breaker.is_some() || call.bulkhead.is_some();
            limits.then_some(Client { purse, spare, breaker, under_way: 0 })
        };
        let stream = |what: &str| seed.stream(&format!("{name} calls/{what}"));
        Self {
            call: call.clone(),
            clients: (0..call.clients).map_while(client).collect(),
            who: stream("client"),
            jitter: stream("jitter"),
            fallback: stream("fallback"),
            pacer: call.hedge.as_ref().map(Pacer::new),
        }
    }

    /// A call is made.
    #[inline]
    pub fn begin(&mut self, now: Instant) -> Turn {
        let client = match self.call.clients {
            0 | 1 => 0,
            #[allow(clippy::cast_possible_truncation)] // reason: below a number of 32 bits
            clients => self.who.below(u64::from(clients)) as u32,
        };
        if let Some(Client { purse, spare, .. }) = self.clients.get_mut(client as usize) {
            purse.iter_mut().chain(spare).for_each(|purse| purse.deposit(now));
        }
        let (ticket, spare) = (Ticket::NEW, Ticket::NEW);
        Turn { client, attempt: 0, ticket, spare, hedge: false, left: now, term: 0 }
    }

    /// How long the attempt that leaves now is waited for before a second one goes beside it; `None`
    /// where none does.
    pub fn hedges_after(&mut self, now: Instant) -> Option<Span> {
        self.pacer.as_mut().map(|pacer| pacer.delay(now))
    }

    /// A second attempt wants to leave beside one that is under way; it has left if so. `None` when the
    /// budget of hedges, the bulkhead, the breaker or the retry budget refuses it.
    pub fn hedge(&mut self, now: Instant, beside: &Turn) -> Option<Turn> {
        let mut turn =
            Turn { attempt: 0, ticket: Ticket::NEW, spare: Ticket::NEW, hedge: true, ..*beside };
        if let Some(Client { spare: Some(spare), .. }) = self.clients.get_mut(turn.client as usize)
            && !spare.grant(now, &mut turn.spare, Miss::TimeOut)
        {
            return None;
        }
        (self.leave(now, &mut turn) == Leave::Goes).then_some(turn)
    }

    /// Whether an attempt may leave; it has left if so. One that may not gives back the place that its budget
    /// had granted; tokens stay taken ([`Purse::dropped`]).
    pub fn leave(&mut self, now: Instant, turn: &mut Turn) -> Leave {
        if let Some(client) = self.clients.get_mut(turn.client as usize) {
            let most = self.call.bulkhead.unwrap_or(u32::MAX);
            let leave = client.leave(now, turn, most);
            if leave != Leave::Goes {
                client.stays(turn);
                return leave;
            }
            client.under_way += 1;
        }
        turn.attempt += 1;
        turn.left = now;
        Leave::Goes
    }

    /// The attempt was answered. Of two that were sent beside each other `first` is when the first left.
    pub fn answered(&mut self, now: Instant, turn: &Turn, first: Instant) {
        if let Some(pacer) = &mut self.pacer {
            pacer.note(now.since(first));
        }
        let Some(client) = self.clients.get_mut(turn.client as usize) else {
            return;
        };
        client.under_way -= 1;
        if let Some(purse) = &mut client.purse {
            purse.answered(now, turn.ticket);
        }
        if let Some(spare) = &mut client.spare {
            spare.answered(now, turn.spare);
        }
        if let Some(breaker) = &mut client.breaker {
            breaker.record(now, turn.term, false, now.since(turn.left));
        }
    }

    /// The attempt has failed.
    pub fn failed(&mut self, now: Instant, turn: &mut Turn) {
        let Some(client) = self.clients.get_mut(turn.client as usize) else {
            return;
        };
        client.under_way -= 1;
        if let Some(purse) = &mut client.purse {
            purse.failed(&mut turn.ticket);
        }
        if let Some(spare) = &mut client.spare {
            spare.failed(&mut turn.spare);
        }
        if let Some(breaker) = &mut client.breaker {
            breaker.record(now, turn.term, true, now.since(turn.left));
        }
    }

    /// What follows, when nothing else is under way for the call. The caller's own `deadline` counts
    /// where deadlines travel along.
    pub fn after(&mut self, now: Instant, turn: &mut Turn, miss: Miss, deadline: Instant) -> After {
        if u32::from(turn.attempt) >= self.call.retry.attempts {
            return After::Last;
        }
        let client = self.clients.get_mut(turn.client as usize);
        let purse = client.and_then(|client| client.purse.as_mut());
        if purse.is_some_and(|purse| !purse.grant(now, &mut turn.ticket, miss)) {
            return After::Denied;
        }
        let wait = self.call.retry.wait(turn.attempt.into(), &mut self.jitter);
        let at = now.saturating_add(wait);
        if self.call.deadline && at >= deadline {
            self.dropped(*turn, false);
            return After::Last;
        }
        After::Again(at)
    }

    /// The caller itself was given up, with an attempt under way or between two of them: neither good
    /// nor bad.
    pub fn dropped(&mut self, mut turn: Turn, under_way: bool) {
        let Some(client) = self.clients.get_mut(turn.client as usize).filter(|_| turn.attempt > 0)
        else {
            return;
        };
        client.under_way -= u32::from(under_way);
        if let Some(purse) = &mut client.purse {
            purse.dropped(&mut turn.ticket, under_way);
        }
        if let (Some(spare), true) = (&mut client.spare, under_way) {
            spare.dropped(&mut turn.spare, true);
        }
        if let (Some(breaker), true) = (&mut client.breaker, under_way) {
            breaker.forget(turn.term);
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

    fn caller(attempts: u32, clients: u32, budget: Budget) -> Caller {
        let mut call = Call { clients, ..Call::plain() };
        (call.retry.attempts, call.retry.jitter, call.retry.budget) =
            (attempts, Jitter::None, budget);
        Caller::new(&call, Seed(1), "here/manifest")
    }

    /// A failed attempt, and what follows.
    fn fails(caller: &mut Caller, turn: &mut Turn, deadline: Instant) -> After {
        caller.failed(Instant::ZERO, turn);
        caller.after(Instant::ZERO, turn, Miss::Error, deadline)
    }

    fn leaves(caller: &mut Caller, turn: &mut Turn) -> bool {
        caller.leave(Instant::ZERO, turn) == Leave::Goes
    }

    #[test]
    fn waits_grow_until_the_last_attempt() {
        let mut caller = caller(3, 1, Budget::None);
        let mut turn = caller.begin(Instant::ZERO);
        let mut next = || {
            assert!(leaves(&mut caller, &mut turn));
            fails(&mut caller, &mut turn, Instant::NEVER)
        };
        let ms = |millis| Instant::ZERO + Span::from_millis(millis);
        let all = [next(), next(), next()];
        assert_eq!(all, [After::Again(ms(25)), After::Again(ms(50)), After::Last]);
    }

    #[test]
    fn nothing_is_tried_again_that_could_not_be_in_time() {
        let mut call = Call { deadline: true, ..Call::plain() };
        (call.retry.attempts, call.retry.jitter) = (9, Jitter::None);
        let mut caller = Caller::new(&call, Seed(1), "x");
        let mut turn = caller.begin(Instant::ZERO);
        let at = |millis| Instant::ZERO + Span::from_millis(millis);
        let mut next = |deadline| {
            assert!(leaves(&mut caller, &mut turn));
            fails(&mut caller, &mut turn, deadline)
        };
        assert_eq!([next(at(26)), next(at(50))], [After::Again(at(25)), After::Last]);
    }

    #[test]
    fn each_client_has_a_budget_of_its_own() {
        // Two retries a client and no deposits: whoever has used them gets none.
        let budget = Budget::SmallBucket { tokens: 2, deposit: 0 };
        let mut caller = caller(2, 3, budget);
        let mut granted = [0; 3];
        for _ in 0..200 {
            let mut turn = caller.begin(Instant::ZERO);
            assert!(leaves(&mut caller, &mut turn));
            if let After::Again(_) = fails(&mut caller, &mut turn, Instant::NEVER) {
                granted[turn.client as usize] += 1;
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
        caller = Caller::new(&Call { breaker: Some(rule), ..caller.call }, Seed(1), "x");
        let mut turn = caller.begin(Instant::ZERO);
        for _ in 0..2 {
            assert!(leaves(&mut caller, &mut turn));
            fails(&mut caller, &mut turn, Instant::NEVER);
        }
        assert_eq!(caller.leave(Instant::ZERO, &mut turn), Leave::Breaker);
        assert_eq!(caller.breaker(), State::Open);
        let later = Instant::ZERO + Span::from_secs(5);
        assert_eq!(caller.leave(later, &mut turn), Leave::Goes);
        assert_eq!(caller.breaker(), State::HalfOpen);
        caller.answered(later, &turn, later);
        assert_eq!(caller.breaker(), State::Closed);
    }

    #[test]
    fn a_bulkhead_lets_so_many_leave_at_once() {
        let call = Call { bulkhead: Some(2), ..Call::plain() };
        let (mut caller, now) = (Caller::new(&call, Seed(1), "x"), Instant::ZERO);
        let mut turns: Vec<Turn> = (0..5).map(|_| caller.begin(now)).collect();
        let (full, goes) = (Leave::Bulkhead, Leave::Goes);
        assert_eq!([0, 1, 2].map(|n| caller.leave(now, &mut turns[n])), [goes, goes, full]);
        caller.answered(now, &turns[0], now);
        assert_eq!([2, 3].map(|n| caller.leave(now, &mut turns[n])), [goes, full]);
        fails(&mut caller, &mut turns[1], Instant::NEVER);
        caller.dropped(turns[2], true);
        assert_eq!([3, 4, 0].map(|n| caller.leave(now, &mut turns[n])), [goes, goes, full]);
    }

    #[test]
    fn a_retry_that_may_not_leave_gives_its_place_back() {
        let mut call = Call { bulkhead: Some(1), ..Call::plain() };
        (call.retry.attempts, call.retry.budget) = (9, Budget::Limit { retries: 1 });
        let (mut caller, now) = (Caller::new(&call, Seed(1), "x"), Instant::ZERO);
        for _ in 0..3 {
            let (mut one, mut two) = (caller.begin(now), caller.begin(now));
            assert!(leaves(&mut caller, &mut one));
            let after = fails(&mut caller, &mut one, Instant::NEVER);
            assert!(matches!(after, After::Again(_)), "the only place is free: {after:?}");
            assert!(leaves(&mut caller, &mut two));
            assert_eq!(caller.leave(now, &mut one), Leave::Bulkhead);
            caller.answered(now, &two, now);
        }
    }

    #[test]
    fn a_fallback_fails_as_often_as_it_says() {
        let call = Call { fallback: Some(Fallback { failing: 0.25 }), ..Call::plain() };
        let mut caller = Caller::new(&call, Seed(1), "x");
        let failed = (0..10_000).filter(|_| caller.falls_back() == Some(false)).count();
        // The standard deviation is 43.
        assert!((2_330..2_670).contains(&failed), "{failed}");
        assert_eq!(Caller::new(&Call::plain(), Seed(1), "x").falls_back(), None);
    }

    #[test]
    fn a_call_that_is_dropped_gives_its_place_back() {
        let mut caller = caller(9, 1, Budget::Limit { retries: 1 });
        let mut one = caller.begin(Instant::ZERO);
        assert!(leaves(&mut caller, &mut one));
        assert!(matches!(fails(&mut caller, &mut one, Instant::NEVER), After::Again(_)));
        assert!(leaves(&mut caller, &mut one));
        let mut two = caller.begin(Instant::ZERO);
        assert!(leaves(&mut caller, &mut two));
        assert_eq!(fails(&mut caller, &mut two, Instant::NEVER), After::Denied);
        caller.dropped(one, true);
        let mut three = caller.begin(Instant::ZERO);
        assert!(leaves(&mut caller, &mut three));
        assert!(matches!(fails(&mut caller, &mut three, Instant::NEVER), After::Again(_)));
        caller.dropped(three, false);
        let mut four = caller.begin(Instant::ZERO);
        assert!(leaves(&mut caller, &mut four));
        assert!(matches!(fails(&mut caller, &mut four, Instant::NEVER), After::Again(_)));
    }
}

//! Who calls the next hop: attempts, backoff and the clients' retry budgets. It decides; it never
//! schedules.

use super::budgets::{Miss, Purse, Ticket};
use super::config::Call;
use crate::engine::{Seed, Stream};
use crate::units::{Instant, Span};

/// All clients of one hop in one region.
#[derive(Debug)]
pub struct Caller {
    call: Call,
    /// A client's budget; empty where nothing is limited.
    purses: Vec<Purse>,
    /// Draws which client makes a call.
    who: Stream,
    jitter: Stream,
}

/// One call, as its caller keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Turn {
    client: u32,
    /// Attempts that have left.
    attempt: u8,
    ticket: Ticket,
}

/// What follows a failed attempt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// Another attempt, after this wait.
    Again(Span),
    /// Nothing: the budget refuses a retry.
    Denied,
    /// Nothing: it was the last.
    Last,
}

impl Caller {
    /// The clients of a hop at instant zero. `name` is that of the region and of the hop, for the
    /// random streams.
    #[must_use]
    pub fn new(call: &Call, seed: Seed, name: &str) -> Self {
        let purse = |client| {
            let stream = || seed.stream(&format!("{name} calls/budget {client}"));
            Purse::new(call.retry.budget, stream)
        };
        Self {
            call: call.clone(),
            purses: (0..call.clients).map_while(purse).collect(),
            who: seed.stream(&format!("{name} calls/client")),
            jitter: seed.stream(&format!("{name} calls/jitter")),
        }
    }

    /// A call is made.
    pub fn begin(&mut self, now: Instant) -> Turn {
        let client = match self.call.clients {
            0 | 1 => 0,
            #[allow(clippy::cast_possible_truncation)] // reason: below a number of 32 bits
            clients => self.who.below(u64::from(clients)) as u32,
        };
        if let Some(purse) = self.purses.get_mut(client as usize) {
            purse.deposit(now);
        }
        Turn { client, attempt: 0, ticket: Ticket::NEW }
    }

    /// Whether an attempt may leave; it has left if so.
    pub fn leave(&mut self, now: Instant, turn: &mut Turn) -> bool {
        let retry = turn.attempt > 0;
        let may = match self.purses.get_mut(turn.client as usize) {
            Some(purse) => purse.leave(now, &mut turn.ticket, retry),
            None => true,
        };
        turn.attempt += u8::from(may);
        may
    }

    /// The attempt was answered.
    pub fn answered(&mut self, now: Instant, turn: &Turn) {
        if let Some(purse) = self.purses.get_mut(turn.client as usize) {
            purse.answered(now, turn.ticket);
        }
    }

    /// The attempt has failed: what follows.
    pub fn failed(&mut self, now: Instant, turn: &mut Turn, miss: Miss) -> After {
        let mut purse = self.purses.get_mut(turn.client as usize);
        if let Some(purse) = &mut purse {
            purse.failed(&mut turn.ticket);
        }
        if u32::from(turn.attempt) >= self.call.retry.attempts {
            return After::Last;
        }
        if purse.is_some_and(|purse| !purse.grant(now, &mut turn.ticket, miss)) {
            return After::Denied;
        }
        After::Again(self.call.retry.wait(turn.attempt.into(), &mut self.jitter))
    }

    /// The caller itself was given up, with an attempt under way or between two of them: neither good
    /// nor bad.
    pub fn dropped(&mut self, mut turn: Turn, under_way: bool) {
        if let Some(purse) = self.purses.get_mut(turn.client as usize)
            && turn.attempt > 0
        {
            purse.dropped(&mut turn.ticket, under_way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fabric::config::{Budget, Jitter};

    fn caller(attempts: u32, clients: u32, budget: Budget) -> Caller {
        let mut call = Call { clients, ..Call::plain() };
        (call.retry.attempts, call.retry.jitter, call.retry.budget) =
            (attempts, Jitter::None, budget);
        Caller::new(&call, Seed(1), "here/manifest")
    }

    #[test]
    fn waits_grow_until_the_last_attempt() {
        let mut caller = caller(3, 1, Budget::None);
        let mut turn = caller.begin(Instant::ZERO);
        let mut next = || {
            assert!(caller.leave(Instant::ZERO, &mut turn));
            caller.failed(Instant::ZERO, &mut turn, Miss::Error)
        };
        let ms = Span::from_millis;
        let all = [next(), next(), next()];
        assert_eq!(all, [After::Again(ms(25)), After::Again(ms(50)), After::Last]);
    }

    #[test]
    fn each_client_has_a_budget_of_its_own() {
        // Two retries a client and no deposits: whoever has used them gets none.
        let budget = Budget::SmallBucket { tokens: 2, deposit: 0 };
        let mut caller = caller(2, 3, budget);
        let mut granted = [0; 3];
        for _ in 0..200 {
            let mut turn = caller.begin(Instant::ZERO);
            assert!(caller.leave(Instant::ZERO, &mut turn));
            if let After::Again(_) = caller.failed(Instant::ZERO, &mut turn, Miss::Error) {
                granted[turn.client as usize] += 1;
            }
        }
        assert_eq!(granted, [2; 3]);
    }

    #[test]
    fn a_call_that_is_dropped_gives_its_place_back() {
        let mut caller = caller(9, 1, Budget::Limit { retries: 1 });
        let mut one = caller.begin(Instant::ZERO);
        assert!(caller.leave(Instant::ZERO, &mut one));
        assert!(matches!(caller.failed(Instant::ZERO, &mut one, Miss::Error), After::Again(_)));
        assert!(caller.leave(Instant::ZERO, &mut one));
        let mut two = caller.begin(Instant::ZERO);
        assert!(caller.leave(Instant::ZERO, &mut two));
        assert_eq!(caller.failed(Instant::ZERO, &mut two, Miss::Error), After::Denied);
        caller.dropped(one, true);
        let mut three = caller.begin(Instant::ZERO);
        assert!(caller.leave(Instant::ZERO, &mut three));
        assert!(matches!(caller.failed(Instant::ZERO, &mut three, Miss::Error), After::Again(_)));
        caller.dropped(three, false);
        let mut four = caller.begin(Instant::ZERO);
        assert!(caller.leave(Instant::ZERO, &mut four));
        assert!(matches!(caller.failed(Instant::ZERO, &mut four, Miss::Error), After::Again(_)));
    }
}

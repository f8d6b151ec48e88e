//! Retry budgets by name: a state machine each, and the purse that holds one.
//!
//! A purse hears of five things: a request was made, an attempt wants to leave, it was answered, it
//! failed, and a retry is wished for. It answers yes or no. It knows nothing of sites and networks,
//! and the caller says when and in which order things happen.

mod concurrency;
mod decorator;
mod grpc;
mod small_bucket;
mod standard;
mod throttle;
mod window;

use crate::engine::Stream;
use crate::model::Budget;
use crate::sim::hop::error::AttemptError;
use crate::units::Instant;

pub use concurrency::Concurrency;
pub use decorator::Decorator;
pub use grpc::SuccessDeposit;
pub use small_bucket::SmallBucket;
pub use standard::Standard;
pub use throttle::Throttle;
pub use window::RequestDeposit;

/// What a request carries along of its purse.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RetryToken {
    /// In which term of the purse it was counted as under way; zero: it is not.
    term: u16,
    /// The price of its last retry, which its answer gives back; zero: nothing.
    receipt: u8,
    /// Whether it was counted as a retry.
    retry: bool,
}

impl RetryToken {
    /// Of a request that has not been counted.
    pub const NEW: Self = Self { term: 0, receipt: 0, retry: false };
}

#[derive(Clone, Debug)]
enum Rule {
    Window(RequestDeposit),
    Success(SuccessDeposit),
    Small(SmallBucket),
    Concurrent(Concurrency),
    Standard(Standard),
    Throttle(Box<Throttle>),
    Decorator(Decorator),
}

/// What is left of one retry budget.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    rule: Rule,
    /// Counts how often its owner moved: what was under way before does not count any more.
    term: u16,
}

impl Budget {
    /// Whether it counts attempts and answers, so that none of them may pass it by.
    #[must_use]
    pub const fn books_attempts(&self) -> bool {
        !matches!(self, Self::None | Self::DepositPerRequest { .. })
    }

    /// Whether it may refuse first attempts, too.
    #[must_use]
    pub const fn refuses_first_attempts(&self) -> bool {
        matches!(self, Self::AdaptiveThrottle { .. } | Self::Decorator)
    }
}

impl RetryBudget {
    /// The purse of a budget at instant zero; `None` where nothing is limited. `stream` gives the
    /// random stream of a budget that needs one.
    #[must_use]
    pub fn new(budget: Budget, stream: impl FnOnce() -> Stream) -> Option<Self> {
        let rule = match budget {
            Budget::None => return None,
            Budget::Limit { retries } => Rule::Concurrent(Concurrency::new(0.0, retries)),
            Budget::ConcurrentShare { share, at_least } => {
                Rule::Concurrent(Concurrency::new(share, at_least))
            }
            Budget::DepositPerRequest { ttl, min_per_second, ratio } => {
                Rule::Window(RequestDeposit::new(ttl, min_per_second, ratio))
            }
            Budget::DepositPerSuccess { max_tokens, ratio } => {
                Rule::Success(SuccessDeposit::new(max_tokens, ratio))
            }
            Budget::SmallBucket { tokens, deposit } => {
                Rule::Small(SmallBucket::new(tokens, deposit))
            }
            Budget::Standard { tokens, retry_cost, timeout_cost } => {
                Rule::Standard(Standard::new(tokens, retry_cost, timeout_cost))
            }
            Budget::AdaptiveThrottle { k, window } => {
                Rule::Throttle(Box::new(Throttle::new(k, window, stream())))
            }
            Budget::Decorator => Rule::Decorator(Decorator::new(false)),
            Budget::DecoratorRepaired => Rule::Decorator(Decorator::new(true)),
        };
        Some(Self { rule, term: 1 })
    }

    /// A request was made.
    #[inline]
    pub fn deposit(&mut self, now: Instant) {
        if let Rule::Window(window) = &mut self.rule {
            window.deposit(now);
        }
    }

    /// Whether it wants to hear of requests by [`Self::deposit`].
    #[must_use]
    pub const fn takes_deposits(&self) -> bool {
        matches!(self.rule, Rule::Window(_))
    }

    /// An attempt wants to leave. If it may, it is under way from now on.
    pub fn admit(&mut self, now: Instant, token: &mut RetryToken, retry: bool) -> bool {
        match &mut self.rule {
            Rule::Throttle(throttle) => throttle.admit(now),
            Rule::Decorator(decorator) => decorator.admits(),
            Rule::Concurrent(all) => {
                // A retry that was granted in this term is counted since then.
                all.begin(retry && token.term != self.term);
                (token.term, token.retry) = (self.term, retry);
                true
            }
            Rule::Window(_) | Rule::Success(_) | Rule::Small(_) | Rule::Standard(_) => true,
        }
    }

    /// An attempt was answered.
    pub fn answered(&mut self, now: Instant, token: RetryToken) {
        match &mut self.rule {
            Rule::Success(bucket) => bucket.succeed(),
            Rule::Small(bucket) => bucket.succeed(),
            Rule::Standard(bucket) => bucket.succeed(token.receipt),
            Rule::Throttle(throttle) => throttle.accept(now),
            Rule::Decorator(decorator) => decorator.end(true),
            Rule::Concurrent(all) if token.term == self.term => all.end(token.retry),
            Rule::Concurrent(_) | Rule::Window(_) => {}
        }
    }

    /// An attempt failed.
    pub fn failed(&mut self, token: &mut RetryToken) {
        match &mut self.rule {
            Rule::Success(bucket) => bucket.fail(),
            Rule::Decorator(decorator) => decorator.end(false),
            Rule::Concurrent(all) => {
                if token.term == self.term {
                    all.end(token.retry);
                }
                token.term = 0;
            }
            Rule::Window(_) | Rule::Small(_) | Rule::Standard(_) | Rule::Throttle(_) => {}
        }
    }

    /// The caller of an attempt was given up while it was under way, or before the retry that was
    /// granted to it had left.
    ///
    /// A place among attempts under way is free again. Tokens are not given back, as they are in none of the
    /// products: the AWS SDKs, Finagle and tower take them when the retry is decided on, and what is done
    /// with it then, be it refused by a breaker or a bulkhead, is no answer.
    pub fn dropped(&mut self, token: &mut RetryToken, under_way: bool) {
        if let Rule::Concurrent(all) = &mut self.rule
            && token.term == self.term
        {
            if under_way {
                all.end(token.retry);
            } else {
                all.give_back();
            }
            token.term = 0;
        }
    }

    /// After a failure: whether a retry may follow. If so, it is paid for.
    pub fn grant(&mut self, now: Instant, token: &mut RetryToken, error: AttemptError) -> bool {
        match &mut self.rule {
            Rule::Window(window) => window.withdraw(now),
            Rule::Success(bucket) => bucket.may_retry(),
            Rule::Small(bucket) => bucket.withdraw(),
            Rule::Standard(bucket) => match bucket.withdraw(error) {
                Some(receipt) => {
                    token.receipt = receipt;
                    true
                }
                None => false,
            },
            Rule::Decorator(decorator) => decorator.withdraw(),
            Rule::Concurrent(all) => {
                let granted = all.grant();
                if granted {
                    token.term = self.term;
                }
                granted
            }
            Rule::Throttle(_) => true,
        }
    }

    /// Its owner moves: connections end, so nothing of what was under way is counted any more.
    pub fn move_on(&mut self) {
        self.term = self.term.checked_add(1).unwrap_or(1);
        if let Rule::Concurrent(all) = &mut self.rule {
            all.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::units::Span;

    fn retry_budget(budget: Budget) -> RetryBudget {
        RetryBudget::new(budget, || Seed(1).stream("throttle")).unwrap()
    }

    #[test]
    fn no_budget_has_no_purse() {
        assert!(RetryBudget::new(Budget::None, || Seed(1).stream("throttle")).is_none());
    }

    #[test]
    fn a_retry_holds_its_place_from_the_grant_to_its_end() {
        let mut retry_budget = retry_budget(Budget::Limit { retries: 1 });
        let (mut a, mut b) = (RetryToken::NEW, RetryToken::NEW);
        let now = Instant::ZERO;
        for token in [&mut a, &mut b] {
            assert!(retry_budget.admit(now, token, false));
            retry_budget.failed(token);
        }
        assert!(retry_budget.grant(now, &mut a, AttemptError::Error));
        assert!(!retry_budget.grant(now, &mut b, AttemptError::Error), "one waits for its backoff");
        assert!(retry_budget.admit(now, &mut a, true));
        assert!(!retry_budget.grant(now, &mut b, AttemptError::Error), "one is under way");
        retry_budget.answered(now, a);
        assert!(retry_budget.grant(now, &mut b, AttemptError::Error));
    }

    #[test]
    fn who_moves_leaves_what_was_under_way_behind() {
        let mut retry_budget = retry_budget(Budget::Limit { retries: 1 });
        let mut a = RetryToken::NEW;
        let now = Instant::ZERO;
        assert!(retry_budget.admit(now, &mut a, false));
        retry_budget.failed(&mut a);
        assert!(retry_budget.grant(now, &mut a, AttemptError::Error));
        retry_budget.move_on();
        let mut b = RetryToken::NEW;
        assert!(retry_budget.grant(now, &mut b, AttemptError::Error), "the other's place is free");
        assert!(retry_budget.admit(now, &mut a, true), "and it is counted again when it leaves");
        assert!(retry_budget.admit(now, &mut b, true));
        retry_budget.answered(now, b);
        let mut c = RetryToken::NEW;
        assert!(!retry_budget.grant(now, &mut c, AttemptError::Error));
        retry_budget.answered(now, a);
        assert!(retry_budget.grant(now, &mut c, AttemptError::Error));
    }

    #[test]
    fn a_token_stays_taken_when_the_retry_does_not_leave() {
        let second = Span::from_secs(1);
        for budget in [
            Budget::Standard { tokens: 5, retry_cost: 5, timeout_cost: 5 },
            Budget::SmallBucket { tokens: 1, deposit: 100 },
            Budget::DepositPerRequest { ttl: second, min_per_second: 1, ratio: 0.0 },
        ] {
            let mut retry_budget = retry_budget(budget);
            let (mut a, mut b, now) = (RetryToken::NEW, RetryToken::NEW, Instant::ZERO);
            assert!(retry_budget.grant(now, &mut a, AttemptError::Error), "{budget:?}");
            retry_budget.dropped(&mut a, false);
            assert!(!retry_budget.grant(now, &mut b, AttemptError::Error), "{budget:?}");
        }
        // Ten of a hundred for each retry, and one left of which none is paid.
        let mut retry_budget = retry_budget(Budget::DecoratorRepaired);
        let now = Instant::ZERO;
        let granted = (0..20).filter(|_| {
            let mut token = RetryToken::NEW;
            let granted = retry_budget.grant(now, &mut token, AttemptError::Error);
            retry_budget.dropped(&mut token, false);
            granted
        });
        assert_eq!(granted.count(), 10);
    }

    #[test]
    fn the_price_of_the_last_retry_comes_back() {
        let budget = Budget::Standard { tokens: 15, retry_cost: 5, timeout_cost: 10 };
        let mut retry_budget = retry_budget(budget);
        let (mut a, now) = (RetryToken::NEW, Instant::ZERO);
        assert!(retry_budget.grant(now, &mut a, AttemptError::Error));
        assert!(retry_budget.grant(now, &mut a, AttemptError::TimeOut));
        let mut other = RetryToken::NEW;
        assert!(!retry_budget.grant(now, &mut other, AttemptError::Error));
        retry_budget.answered(now, a);
        let mut b = RetryToken::NEW;
        assert!(retry_budget.grant(now, &mut b, AttemptError::TimeOut), "ten of fifteen are back");
        assert!(!retry_budget.grant(now, &mut b, AttemptError::Error));
    }

    /// A thousand requests, none of which is answered.
    #[test]
    fn who_may_refuse_first_attempts_does_when_all_fail() {
        let second = Span::from_secs(1);
        for budget in [
            Budget::Limit { retries: 1 },
            Budget::ConcurrentShare { share: 0.2, at_least: 1 },
            Budget::DepositPerRequest { ttl: second, min_per_second: 1, ratio: 0.1 },
            Budget::DepositPerSuccess { max_tokens: 10, ratio: 100 },
            Budget::SmallBucket { tokens: 1, deposit: 100 },
            Budget::Standard { tokens: 5, retry_cost: 5, timeout_cost: 5 },
            Budget::AdaptiveThrottle { k: 2.0, window: second },
            Budget::Decorator,
            Budget::DecoratorRepaired,
        ] {
            let mut retry_budget = retry_budget(budget);
            let refused = (0..1_000).filter(|_| {
                let mut token = RetryToken::NEW;
                retry_budget.deposit(Instant::ZERO);
                let leaves = retry_budget.admit(Instant::ZERO, &mut token, false);
                if leaves {
                    retry_budget.failed(&mut token);
                }
                !leaves
            });
            assert_eq!(refused.count() > 0, budget.refuses_first_attempts(), "{budget:?}");
        }
    }
}

//! The brief's decorator, with its defect and without.

/// Tokens of a full bucket.
const FULL: u32 = 100;
/// What a failure costs as printed, or a retry when repaired; fewer tokens refuse.
const PRICE: u32 = 10;

/// A decorator of 100 tokens around a call; a success adds 1.
///
/// As printed in the brief it charges every failure 10, whether somebody retries or not, and refuses
/// every call below 10 tokens, first attempts too. A refused call cannot succeed, so below 10 it is
/// locked for ever. Repaired, first attempts always leave, and a retry pays 10 or stays.
#[derive(Clone, Debug)]
pub struct Decorator {
    tokens: u32,
    repaired: bool,
}

impl Decorator {
    /// A full bucket, as printed or `repaired`.
    #[must_use]
    pub const fn new(repaired: bool) -> Self {
        Self { tokens: FULL, repaired }
    }

    /// Whether a call, first or not, may leave now.
    #[must_use]
    pub const fn admits(&self) -> bool {
        self.repaired || self.tokens >= PRICE
    }

    /// Whether a retry may follow a failure. As printed nobody is asked: the retry is a new call.
    pub const fn withdraw(&mut self) -> bool {
        if !self.repaired {
            return true;
        }
        match self.tokens.checked_sub(PRICE) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }

    /// A call that left has ended.
    pub fn end(&mut self, answered: bool) {
        if answered {
            self.tokens = (self.tokens + 1).min(FULL);
        } else if !self.repaired {
            self.tokens = self.tokens.saturating_sub(PRICE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_printed_ten_failures_in_a_row_lock_it_for_ever() {
        let mut decorator = Decorator::new(false);
        for _ in 0..10 {
            assert!(decorator.admits() && decorator.withdraw());
            decorator.end(false);
        }
        assert!((0..1_000).all(|_| !decorator.admits()));
    }

    #[test]
    fn as_printed_a_failure_undoes_ten_successes() {
        let mut decorator = Decorator::new(false);
        for _ in 0..9 {
            decorator.end(false);
        }
        (0..9).for_each(|_| decorator.end(true));
        decorator.end(false);
        assert!(!decorator.admits(), "19 less 10");
    }

    #[test]
    fn repaired_it_refuses_retries_only_and_recovers() {
        let mut decorator = Decorator::new(true);
        assert_eq!((0..50).filter(|_| decorator.withdraw()).count(), 10);
        for _ in 0..10 {
            assert!(decorator.admits());
            decorator.end(false);
            assert!(!decorator.withdraw());
        }
        (0..10).for_each(|_| decorator.end(true));
        assert!(decorator.withdraw());
    }
}

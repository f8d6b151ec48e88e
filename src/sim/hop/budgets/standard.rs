//! The retry quota of the AWS SDKs' `standard` mode.

use crate::sim::hop::error::AttemptError;

/// A bucket of tokens: a retry takes its price, more after a time-out; an answer gives back what its
/// last retry took, or one token if it needed none. Tokens do not come back with time.
///
/// AWS SDKs and Tools reference, "Retry behavior": 500 tokens, 5 a retry, 10 after a time-out.
#[derive(Clone, Debug)]
pub struct Standard {
    tokens: u32,
    full: u32,
    retry: u8,
    time_out: u8,
}

impl Standard {
    /// A full bucket with these prices of a retry after an error and after a time-out.
    #[must_use]
    pub const fn new(tokens: u32, retry: u8, time_out: u8) -> Self {
        Self { tokens, full: tokens, retry, time_out }
    }

    /// Takes a retry's price and gives it back as the receipt; `None`: the retry must not leave.
    pub fn withdraw(&mut self, error: AttemptError) -> Option<u8> {
        let price = match error {
            AttemptError::Error | AttemptError::Refused => self.retry,
            AttemptError::TimeOut => self.time_out,
        };
        self.tokens = self.tokens.checked_sub(u32::from(price))?;
        Some(price)
    }

    /// A request was answered; `receipt` is the price of its last retry, zero if it had none.
    pub fn succeed(&mut self, receipt: u8) {
        self.tokens = self.tokens.saturating_add(u32::from(receipt.max(1))).min(self.full);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_pays_for_a_hundred_retries_or_fifty_after_time_outs() {
        for (error, expected) in [(AttemptError::Error, 100), (AttemptError::TimeOut, 50)] {
            let mut bucket = Standard::new(500, 5, 10);
            assert_eq!((0..1_000).filter(|_| bucket.withdraw(error).is_some()).count(), expected);
            (0..4).for_each(|_| bucket.succeed(0));
            assert_eq!(bucket.withdraw(AttemptError::Error), None);
            bucket.succeed(0);
            assert_eq!(bucket.withdraw(AttemptError::Error), Some(5));
            bucket.succeed(5);
            assert_eq!(
                bucket.withdraw(AttemptError::Error),
                Some(5),
                "the last retry's price came back"
            );
        }
    }

    #[test]
    fn it_holds_no_more_than_it_began_with() {
        let mut bucket = Standard::new(10, 5, 10);
        (0..100).for_each(|_| bucket.succeed(0));
        assert_eq!((0..9).filter(|_| bucket.withdraw(AttemptError::Error).is_some()).count(), 2);
    }
}

//! A small bucket that successes fill: Brooker's adaptive retry.

/// A success adds a part of a token, a retry takes one (Brooker, "Fixing retries with token buckets
/// and circuit breakers", 2022). Unlike gRPC's throttle a failure that nobody retries costs nothing,
/// so in the long run there are at most `deposit` retries for each success.
///
/// In whole thousandths of a token.
#[derive(Clone, Debug)]
pub struct SmallBucket {
    tokens: u64,
    most: u64,
    deposit: u64,
}

impl SmallBucket {
    /// A full bucket of `tokens`; a success adds `deposit` thousandths of a token.
    #[must_use]
    pub fn new(tokens: u32, deposit: u32) -> Self {
        let most = u64::from(tokens) * 1_000;
        Self { tokens: most, most, deposit: u64::from(deposit) }
    }

    /// An attempt was answered.
    pub fn succeed(&mut self) {
        self.tokens = (self.tokens + self.deposit).min(self.most);
    }

    /// Takes a retry's token, if there is a whole one.
    pub const fn withdraw(&mut self) -> bool {
        match self.tokens.checked_sub(1_000) {
            Some(left) => {
                self.tokens = left;
                true
            }
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_successes_buy_one_retry_and_five_are_kept() {
        let mut bucket = SmallBucket::new(5, 100);
        assert_eq!((0..50).filter(|_| bucket.withdraw()).count(), 5);
        (0..9).for_each(|_| bucket.succeed());
        assert!(!bucket.withdraw(), "nine tenths of a token");
        bucket.succeed();
        assert!(bucket.withdraw());
        (0..1_000).for_each(|_| bucket.succeed());
        assert_eq!((0..50).filter(|_| bucket.withdraw()).count(), 5, "a long calm saves no more");
    }
}

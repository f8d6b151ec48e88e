//! Deposits of successes: gRPC's retry throttle.

/// gRPC's retry throttle (proposal A6): a failure takes a token, a success gives a part of one, and
/// retries go only while more than half of the tokens are left. First attempts always go.
///
/// In whole thousandths of a token: A6 gives the ratio three decimals.
#[derive(Clone, Debug)]
pub struct SuccessDeposit {
    tokens: u64,
    max: u64,
    ratio: u64,
}

impl SuccessDeposit {
    /// A full bucket of `max_tokens` (A6: 1 to 1000); a success adds `ratio` thousandths of a token.
    #[must_use]
    pub fn new(max_tokens: u32, ratio: u32) -> Self {
        let max = u64::from(max_tokens) * 1_000;
        Self { tokens: max, max, ratio: u64::from(ratio) }
    }

    /// An attempt was answered.
    pub fn succeed(&mut self) {
        self.tokens = (self.tokens + self.ratio).min(self.max);
    }

    /// An attempt failed: one token less.
    pub const fn fail(&mut self) {
        self.tokens = self.tokens.saturating_sub(1_000);
    }

    /// Whether a retry may leave. It costs nothing by itself: only its failure would.
    #[must_use]
    pub const fn may_retry(&self) -> bool {
        self.tokens * 2 > self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_tokens_is_the_threshold() {
        let mut bucket = SuccessDeposit::new(10, 100);
        (0..4).for_each(|_| bucket.fail());
        assert!(bucket.may_retry());
        bucket.fail();
        assert!(!bucket.may_retry(), "exactly half is not more than half");
        bucket.succeed();
        assert!(bucket.may_retry(), "a tenth of a token above half");
    }

    #[test]
    fn the_bucket_has_a_bottom_and_a_top() {
        let mut bucket = SuccessDeposit::new(10, 100);
        (0..50).for_each(|_| bucket.fail());
        (0..50).for_each(|_| bucket.succeed());
        assert!(!bucket.may_retry(), "fifty successes give five tokens");
        bucket.succeed();
        assert!(bucket.may_retry());
        (0..1_000).for_each(|_| bucket.succeed());
        (0..5).for_each(|_| bucket.fail());
        assert!(!bucket.may_retry(), "ten tokens were the most");
    }
}

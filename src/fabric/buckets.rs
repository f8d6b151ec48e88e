//! Retry budgets that count tokens: state machines with whole numbers, without time or chance.

/// gRPC's retry throttle (proposal A6): retries go only while more than half of the tokens are left.
#[derive(Clone, Debug)]
pub struct SuccessDeposit {
    /// Thousandths of a token.
    tokens: u64,
    max: u64,
    ratio: u64,
}

impl SuccessDeposit {
    /// A full bucket of `max_tokens`; a success adds `ratio_thousandths` thousandths of a token.
    #[must_use]
    pub fn new(max_tokens: u32, ratio_thousandths: u32) -> Self {
        let max = u64::from(max_tokens) * 1_000;
        Self { tokens: max, max, ratio: u64::from(ratio_thousandths) }
    }

    /// An attempt was answered.
    pub fn succeed(&mut self) {
        self.tokens = (self.tokens + self.ratio).min(self.max);
    }

    /// An attempt failed: one token less.
    pub const fn fail(&mut self) {
        self.tokens = self.tokens.saturating_sub(1_000);
    }

    /// Whether a retry may leave. First attempts always may.
    #[must_use]
    pub const fn may_retry(&self) -> bool {
        self.tokens * 2 > self.max
    }
}

/// The bucket of the AWS SDKs' `standard` mode: 500 tokens, a retry costs 5, after a time-out 10.
#[derive(Clone, Debug)]
pub struct Standard {
    tokens: u32,
}

impl Standard {
    /// Tokens of a full bucket.
    pub const FULL: u32 = 500;

    /// A full bucket.
    #[must_use]
    pub const fn new() -> Self {
        Self { tokens: Self::FULL }
    }

    /// Takes a retry's price and gives it back as the receipt; `None`: the retry must not leave.
    pub fn withdraw(&mut self, timed_out: bool) -> Option<u32> {
        let price = if timed_out { 10 } else { 5 };
        self.tokens = self.tokens.checked_sub(price)?;
        Some(price)
    }

    /// A call was answered; `receipt` is the price of its last retry, if it had one.
    pub fn succeed(&mut self, receipt: Option<u32>) {
        self.tokens = self.tokens.saturating_add(receipt.unwrap_or(1)).min(Self::FULL);
    }
}

impl Default for Standard {
    fn default() -> Self {
        Self::new()
    }
}

/// A decorator of 100 tokens that refuses below 10; a success adds 1.
///
/// As printed it charges every failure and refuses every call. A refused call cannot succeed, so
/// below 10 it is locked for ever. Repaired, first attempts always leave and only retries pay.
#[derive(Clone, Debug)]
pub struct Decorator {
    tokens: u32,
    repaired: bool,
}

impl Decorator {
    /// A full bucket, as printed or `repaired`.
    #[must_use]
    pub const fn new(repaired: bool) -> Self {
        Self { tokens: 100, repaired }
    }

    /// Whether an attempt may leave.
    pub const fn admit(&mut self, retry: bool) -> bool {
        if self.repaired && !retry {
            return true;
        }
        let granted = self.tokens >= 10;
        if granted && self.repaired {
            self.tokens -= 10;
        }
        granted
    }

    /// An attempt ended.
    pub fn end(&mut self, answered: bool) {
        if answered {
            self.tokens = (self.tokens + 1).min(100);
        } else if !self.repaired {
            self.tokens = self.tokens.saturating_sub(10);
        }
    }
}

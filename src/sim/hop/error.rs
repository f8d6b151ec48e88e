//! How an attempt fails, at whatever hop.

/// Why an attempt, a call or a fill failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AttemptError {
    /// The answer was an error, or the connection was reset.
    Error,
    /// It was refused: a queue was full, a wait too long, or a protection of the caller said no.
    Refused,
    /// It was not answered in time.
    TimeOut,
}

impl AttemptError {
    /// Its name in traces.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Refused => "refused",
            Self::TimeOut => "timed out",
        }
    }

    /// What a server tells a caller of it. A server that finds the deadline past refuses: whether the
    /// caller still waited only the caller knows.
    #[must_use]
    pub const fn as_told(self) -> Self {
        match self {
            Self::Error => Self::Error,
            Self::Refused | Self::TimeOut => Self::Refused,
        }
    }
}

/// What a server says to a caller in another region.
pub type Reply = Result<(), AttemptError>;

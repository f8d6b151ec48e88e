//! What people do on purpose.

use crate::fault::Label;
use crate::units::Instant;

/// A deliberate change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A region withdraws its routes while it goes on serving, so that viewers leave without loss.
    Drain {
        /// Which.
        region: usize,
    },
}

impl Change {
    /// The kind's name in files.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Drain { .. } => "drain",
        }
    }

    /// Whether it is done to this region.
    #[must_use]
    pub const fn acts_on(&self, site: usize) -> bool {
        match *self {
            Self::Drain { region } => region == site,
        }
    }
}

/// A change with its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Planned {
    /// What invariants call it.
    pub label: Label,
    /// When it begins.
    pub at: Instant,
    /// When it is taken back; `None` when it lasts to the end.
    pub until: Option<Instant>,
    /// What is done.
    pub change: Change,
}

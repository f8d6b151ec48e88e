//! Changes: what people do on purpose. Each kind is one file, as with faults, and [`KINDS`] has them
//! all: the reader of scenarios, `squall explain` and the check for conflicts follow from it.

mod drain;

pub use drain::Drain;

use crate::fault::{Arguments, Label, Parameter};
use crate::units::Instant;

/// A deliberate change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// A region withdraws its routes while it goes on serving.
    Drain(Drain),
}

/// A kind of change, without the parameters of one.
#[derive(Debug)]
pub struct Kind {
    /// Its name in files.
    pub name: &'static str,
    /// What happens: half a sentence.
    pub text: &'static str,
    /// What a file says of it, in this order.
    pub parameters: &'static [Parameter],
    /// Makes one from what a file says, or from chance in tests. `None` when an argument is missing or
    /// wrong, which the arguments have reported then.
    pub read: fn(&mut dyn Arguments) -> Option<Change>,
}

impl Kind {
    /// A change of this kind as it is written in a file, with the keys that it must have.
    #[must_use]
    pub fn example(&self) -> String {
        crate::fault::example(self.name, self.parameters)
    }
}

/// All kinds, in the order in which they are explained.
pub const KINDS: &[Kind] = &[drain::KIND];

/// What the reader and the simulator ask of a change of any kind.
pub trait Behaviour {
    /// The kind.
    fn kind(&self) -> &'static Kind;

    /// Whether it is done to this region.
    fn acts_on(&self, site: usize) -> bool;

    /// The region in which no other of its kind may be under way; `None` when any number may.
    fn target(&self) -> Option<usize>;
}

impl Change {
    /// What is asked of a change of any kind.
    #[must_use]
    pub const fn behaviour(&self) -> &dyn Behaviour {
        match self {
            Self::Drain(change) => change,
        }
    }

    /// The kind's name in files.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.behaviour().kind().name
    }

    /// Whether it is done to this region.
    #[must_use]
    pub fn acts_on(&self, site: usize) -> bool {
        self.behaviour().acts_on(site)
    }

    /// Whether the two would contradict each other, were they under way at one time.
    #[must_use]
    pub fn excludes(&self, other: &Self) -> bool {
        let (one, two) = (self.behaviour(), other.behaviour());
        let targets = one.target().zip(two.target());
        one.kind().name == two.kind().name && targets.is_some_and(|(one, two)| one == two)
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

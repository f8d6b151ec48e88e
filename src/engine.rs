//! Time, order and chance. Knows no region, cache or file.
//!
//! A [`Process`] is a state machine; the [`Engine`] runs one or more of them in windows that no
//! message can cross, on any number of threads, with one result. Randomness comes from named
//! [`Stream`]s, so that who draws what does not depend on who else draws.

mod arrivals;
mod balance;
mod barrier;
mod digest;
mod exp;
mod law;
mod pages;
mod prefetch;
mod process;
mod queue;
mod run;
mod stream;
mod ziggurat;
mod zipf;

pub use arrivals::{ArrivalsError, Poisson, Profile, ProfileCursor};
pub use barrier::processors;
pub use digest::Digest;
pub use law::{Law, LawError, Table};
pub use pages::table;
pub use prefetch::prefetch;
pub use process::{Context, Event, Process};
pub use queue::EventQueue;
pub use run::Engine;
pub use stream::{STREAMS, Seed, Stream};
pub use zipf::{Zipf, ZipfError, harmonic};

/// One digest of several, in their order.
#[must_use]
pub fn fold_digests(parts: impl IntoIterator<Item = Digest>) -> Digest {
    let mut all = Digest::default();
    parts.into_iter().for_each(|part| all.word(part.value()));
    all
}

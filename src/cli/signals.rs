//! Being interrupted.

use super::{Exit, out};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Listens for SIGINT and SIGTERM.
#[derive(Clone, Debug)]
pub(super) struct Signals {
    /// Set by the first signal: a run looks at it and stops.
    pub stop: Arc<AtomicBool>,
    which: Arc<AtomicUsize>,
}

impl Signals {
    /// Begins to listen. The first signal asks the run to stop; a second one ends the program at
    /// once.
    ///
    /// # Errors
    /// When the system refuses a handler.
    fn listen() -> std::io::Result<Self> {
        let signals = Self { stop: Arc::default(), which: Arc::default() };
        for (signal, exit) in [(SIGINT, Exit::Interrupted), (SIGTERM, Exit::Terminated)] {
            let code = exit.code();
            // Actions are carried out in the order of their registration: this one finds the flag
            // set only at the second signal.
            flag::register_conditional_shutdown(signal, code.into(), Arc::clone(&signals.stop))?;
            flag::register_usize(signal, Arc::clone(&signals.which), code.into())?;
            flag::register(signal, Arc::clone(&signals.stop))?;
        }
        Ok(signals)
    }

    /// The same; a refusal is told.
    ///
    /// # Errors
    /// The exit of a system that refuses a handler.
    pub fn listen_or_tell() -> Result<Self, Exit> {
        Self::listen().map_err(|error| {
            out::complain(&format!("signals cannot be listened to: {error}"));
            Exit::Error
        })
    }

    /// The exit of the signal that came; `None` when none did.
    pub fn exit(&self) -> Option<Exit> {
        match self.which.load(Ordering::SeqCst) {
            0 => None,
            code if code == usize::from(Exit::Terminated.code()) => Some(Exit::Terminated),
            _ => Some(Exit::Interrupted),
        }
    }
}

//! Squall rehearses chaos drills: a scenario file says what is harmed, when, and what must hold; a
//! deterministic simulation of a five-region video network shows whether it does; a control, the
//! same run without the protection, shows that the question could be answered with no.
//!
//! The same scenario and seed give the same report, to the byte, on any machine and with any number
//! of threads.
//!
//! # Layers
//!
//! A module imports only from those before it in this list; a test enforces that. Each knows as
//! little as it can:
//!
//! [`units`]: instants, spans, money, and quantities as people write them. Everything above computes
//! with these types. Knows nothing else.
//!
//! [`stats`]: what many runs say together: intervals, paired differences, several tests at once. Must not
//! know what was measured.
//!
//! [`engine`]: time, order and chance. Runs state machines that hear of the world only through
//! events, in windows that no message can cross; draws from named streams; hashes what happened.
//! Must not know a region, a cache or a file.
//!
//! [`fault`]: the vocabulary of harm. Must not know who does it, a simulator or a driver at a real
//! cluster.
//!
//! [`change`]: what people do on purpose, such as draining a region. Must not know who does it,
//! either.
//!
//! [`trace`]: real request traces, read as a stream. Must not know sites or viewers, nor hold a file
//! whole.
//!
//! [`cache`]: replacement policies over numbered objects. Must not know titles, sites or files.
//!
//! [`replay`]: a real trace through caches. Must not know sites, nor how a result is shown.
//!
//! [`observe`]: metrics, histograms, slices of time and their totals. Must not know what makes the
//! numbers it counts.
//!
//! [`fabric`]: the model. Viewers, routes, caches, services and databases, as components that decide
//! and one site that schedules. Must not know a file, a report or the command line.
//!
//! [`cost`]: price books and the month's bill, in lines that add up exactly. Must not know a run or a
//! scenario.
//!
//! [`slo`]: what failed requests cost of a month's error budget. Must not know who counted them.
//!
//! [`invariant`]: sentences about a run, parsed when the file is loaded and judged slice by slice.
//! Must not know a file's layout, nor how a run is made.
//!
//! [`scenario`]: a file becomes a plan, or the list of everything that is wrong with it. Must not
//! know how a plan is run.
//!
//! [`judge`]: a plan and observations become verdicts, alerts and an account of what happened. Must not
//! know who observed, a simulator or a driver at a real cluster.
//!
//! [`rehearse`]: a scenario becomes a simulated run that is judged, and its control another. Must not
//! know how it is shown.
//!
//! [`report`]: a judged run becomes bytes. Must not know the clock, the terminal or the environment.
//!
//! [`study`]: many runs, on all cores, in an order that nobody can see. Must not know the command line.
//!
//! [`gate`]: a run against its baseline. Must not know the command line.
//!
//! [`runbook`]: a month's drills, rehearsed and compared with the last month's. Must not know the
//! command line, nor a clock.
//!
//! [`cli`]: words to calls, verdicts to exit codes. The only layer that prints, and nothing imports
//! it.

pub mod cache;
pub mod change;
pub mod cli;
pub mod cost;
pub mod engine;
pub mod fabric;
pub mod fault;
pub mod gate;
pub mod invariant;
pub mod judge;
pub mod observe;
pub mod rehearse;
pub mod replay;
pub mod report;
pub mod runbook;
pub mod scenario;
pub mod slo;
pub mod stats;
pub mod study;
pub mod trace;
pub mod units;

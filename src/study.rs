//! Many runs, on all cores, in an order that nobody can see in the result.
//!
//! A study is a plan of runs in a fixed order ([`Planner`]); each is one line of a journal
//! ([`journal`]), in that order. Whatever a study says is read from its journal, run by run: so a
//! study that was killed goes on behind its last whole line, shards are joined by putting their lines
//! in the order of the whole ([`Joined`]), and memory does not grow with the number of runs.

pub mod columns;
pub mod csv;
mod finding;
pub mod html;
mod jobs;
mod join;
pub mod journal;
pub mod json;
pub mod kubernetes;
pub mod parquet;
mod plan;
mod rounds;
mod rows;
mod run;
mod search;
mod search_result;
mod shards;
pub mod text;
pub mod work;

/// Goes over all rows or runs of a study, in their order; it can be gone over again.
pub type Pass<'a, T> = &'a dyn Fn(&mut dyn FnMut(&T) -> std::io::Result<()>) -> std::io::Result<()>;

pub use finding::{Finding, GaveWay, Side};
pub use jobs::{Job, Jobs, Shard};
pub use join::Joined;
pub use journal::{Header, Record};
pub use plan::Planner;
pub use rounds::{Halt, run_rounds};
pub use rows::{Contrast, Group, Held, LEVEL, Measured, PAIRING_LOST, Row, Rows};
pub use run::{header, run};
pub use search_result::SearchResult;
pub use shards::{MOST_PARTS, Shards};

/// The published JSON Schema of `squall.study/1`.
pub const SCHEMA: &str = include_str!("study/study-1.schema.json");

//! A result as one page that opens offline: self-contained, the same bytes each time.
//!
//! The building blocks know nothing of runs: [`Page`] is the shell with its sections, [`Table`] and
//! [`Heat`] are tables, [`Plot`] is a plot with its table behind it. [`run`] puts them together for
//! rehearsals. Everything that comes from files goes through [`escape`]. No page names a font, a style or
//! a script that it does not carry; a policy in its head forbids the browser to fetch any.

pub mod escape;
mod page;
mod plot;
pub mod run;
mod table;

pub use page::Page;
pub use plot::{Across, Band, Downsample, Line, Mark, Plot, Shade, ShadeOf, Style};
pub use table::{Cell, Heat, Table};

//! `squall run`: simulate, judge, report.

use super::args::{Format, RunArgs};
use super::inputs::{self, Inputs};
use super::progress::{self, RunProgress};
use super::signals::Signals;
use super::{Exit, out};
use crate::engine::processors;
use crate::fabric::Sampling;
use crate::problem::Problem;
use crate::rehearse::{self, Asked, Keep, Recording, Rehearsal, Trouble};
use crate::report::json::ReportInput;
use crate::report::text::Look;
use crate::report::{self, Shape};
use crate::scenario::{Edit, Source, place_of};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

/// Runs everything that was named.
pub(super) fn run(args: &RunArgs) -> Exit {
    let edits = match inputs::edits(&args.set) {
        Ok(edits) => edits,
        Err(exit) => return exit,
    };
    // Problems in one scenario must not hide those in another, nor cost an hour of running first.
    let Inputs { sources, exit, .. } = inputs::find(&args.scenarios);
    let control = !args.no_control;
    let checked = sources.iter().map(|source| inputs::check(source, &edits, control));
    let exit = exit.worse(Exit::worst(checked));
    if exit != Exit::Holds {
        return exit;
    }
    if let Some(folder) = &args.out
        && let Err(told) = out::prepare(folder)
    {
        out::complain(&told);
        return Exit::Error;
    }
    if let Err(exit) = files(args, sources.len()) {
        return exit;
    }
    let signals = match Signals::listen_or_tell() {
        Ok(signals) => signals,
        Err(exit) => return exit,
    };
    Work { args, edits, signals, bar: RunProgress::new(), names: BTreeSet::new() }.run(&sources)
}

/// A rehearsal and the seconds of its runs that were kept.
struct Done {
    rehearsal: Rehearsal,
    recordings: Vec<Recording>,
}

impl Done {
    fn told(&self) -> ReportInput<'_> {
        ReportInput { rehearsal: &self.rehearsal, recordings: &self.recordings }
    }

    /// The same for a report in which no second is told.
    const fn without_series(&self) -> ReportInput<'_> {
        ReportInput { rehearsal: &self.rehearsal, recordings: &[] }
    }
}

/// Looks at the files that are to be written, most of which hold one run each.
fn files(args: &RunArgs, scenarios: usize) -> Result<(), Exit> {
    if args.series && args.format != Format::Json {
        let help = "for a page with plots, --html FILE is enough";
        return Err(inputs::tell_about(&Problem::about(
            "--series",
            "--series goes with --format json",
            help,
        )));
    }
    if let Some(path) = &args.html {
        out::prepare_file(path).map_err(|told| {
            out::complain(&told);
            Exit::Error
        })?;
    }
    for (option, path) in [("--openmetrics", &args.openmetrics), ("--trace", &args.trace)] {
        let Some(path) = path else {
            continue;
        };
        if scenarios != 1 {
            let place = format!("{option} {}", path.display());
            let message =
                format!("{option} takes the run of one scenario, and there are {scenarios}");
            return Err(inputs::tell_about(&Problem::about(&place, &message, "name one file")));
        }
        out::prepare_file(path).map_err(|told| {
            out::complain(&told);
            Exit::Error
        })?;
    }
    Ok(())
}

/// The most requests of a trace: more are a file that no viewer opens.
const MOST_TRACED: u32 = 50_000;

/// One command at work.
struct Work<'a> {
    args: &'a RunArgs,
    edits: Vec<Edit>,
    signals: Signals,
    bar: RunProgress,
    /// Names of report files that are taken.
    names: BTreeSet<String>,
}

impl Work<'_> {
    fn run(mut self, sources: &[Source]) -> Exit {
        let shape = self.shape();
        let mut exit = Exit::Holds;
        let mut judged = Vec::new();
        for (index, source) in sources.iter().enumerate() {
            let mut keep = self.keep_of();
            match self.rehearse(source, &mut keep) {
                Ok(rehearsal) => {
                    exit = exit.worse(self.write_kept(&rehearsal, &keep));
                    exit = exit.worse(Exit::from(&rehearsal));
                    let done = Done { rehearsal, recordings: keep.recordings };
                    exit = exit.worse(self.keep(&done, source, shape));
                    judged.push(done);
                }
                Err(Trouble::Problems(problems)) => {
                    exit = exit.worse(inputs::tell(&problems, source));
                }
                Err(Trouble::Error(told)) => {
                    out::complain(&format!("{}: {told}", source.name()));
                    exit = exit.worse(Exit::Error);
                }
                Err(Trouble::Interrupted) => {
                    for lost in &sources[index..] {
                        out::note(&format!("interrupted: {} is not reported\n", lost.name()));
                    }
                    exit = exit.worse(self.signals.exit().unwrap_or(Exit::Interrupted));
                    if judged.is_empty() {
                        return exit;
                    }
                    break; // what is finished may have taken an hour
                }
            }
        }
        exit = exit.worse(self.write_page(&judged, shape));
        if self.args.out.is_some() || self.args.format == Format::Text {
            return exit; // printed as it came
        }
        // Half an array is no JSON: a document is printed when all of it is known.
        exit.worse(match self.document(&judged, shape, Look::default()) {
            Ok(text) => out::print(&text),
            Err(bug) => bug,
        })
    }

    /// The page, from the result as it would be stored: a stored one gives the same bytes.
    fn write_page(&self, judged: &[Done], shape: Shape) -> Exit {
        let Some(path) = &self.args.html else {
            return Exit::Holds;
        };
        let told: Vec<_> = judged.iter().map(Done::told).collect();
        super::report::write(path, &report::stored(&told, shape))
    }

    /// Runs one scenario with all its seeds.
    fn rehearse(&self, source: &Source, keep: &mut Keep) -> Result<Rehearsal, Trouble> {
        let asked = Asked {
            edits: self.edits.clone(),
            seeds: match (&self.args.seeds, self.args.seed) {
                (Some(seeds), _) => seeds.0.clone(),
                (None, seed) => seed.into_iter().collect(),
            },
            threads: self.args.threads.unwrap_or_else(processors),
            control: !self.args.no_control,
            stop: Arc::clone(&self.signals.stop),
        };
        let began = Instant::now();
        self.bar.start();
        let show = |progress| self.bar.show(progress);
        let rehearsed = rehearse::rehearse_and_keep(source, &asked, keep, &show);
        self.bar.clear();
        if let (Ok(rehearsal), true) = (&rehearsed, self.bar.is_shown()) {
            // How fast it was depends on the machine, so it is never part of a report.
            let requests: u64 = rehearsal.runs.iter().map(|run| run.requests).sum();
            let (elapsed, name) = (began.elapsed(), source.name());
            let rate = progress::rounded(progress::rate(requests, elapsed));
            let seconds = elapsed.as_secs_f64();
            out::note(&format!("{name}: {seconds:.1} s, {rate} requests a second\n"));
        }
        rehearsed
    }

    /// What is to be kept of a run.
    fn keep_of(&self) -> Keep {
        let share = self.args.trace_requests;
        Keep {
            seconds: self.args.openmetrics.is_some()
                || self.args.trace.is_some()
                || self.args.html.is_some()
                || self.args.series,
            every_seed: self.args.series,
            sampling: self.args.trace.as_ref().map(|_| Sampling { share, most: MOST_TRACED }),
            ..Keep::default()
        }
    }

    /// Writes what was kept of the run.
    fn write_kept(&self, rehearsal: &Rehearsal, keep: &Keep) -> Exit {
        let (Some(recording), Some(run)) = (keep.recordings.first(), rehearsal.runs.first()) else {
            return Exit::Holds;
        };
        let metrics =
            self.args.openmetrics.as_ref().map(|path| {
                out::save_with(path, |file| report::openmetrics::write(file, recording))
            });
        let page = report::chrome::Page {
            title: &rehearsal.scenario.title,
            run,
            recording,
            traces: &keep.traces,
            share: keep.sampling.map_or(0.0, |sampling| sampling.share),
        };
        let trace = self
            .args
            .trace
            .as_ref()
            .map(|path| out::save_with(path, |file| report::chrome::write(file, &page)));
        let wrong = [metrics, trace].into_iter().flatten().filter_map(Result::err);
        Exit::worst(wrong.map(|told| {
            out::complain(&told);
            Exit::Error
        }))
    }

    /// Prints the text and writes the file of one scenario, as far as they are asked for.
    fn keep(&mut self, done: &Done, source: &Source, shape: Shape) -> Exit {
        let mut exit = Exit::Holds;
        let verbose = self.args.verbose;
        if let Some(folder) = &self.args.out {
            let plain = Look { verbose, ..Look::default() };
            let alone = Shape { list: false, ..shape };
            let one = std::slice::from_ref(done);
            let name = file_name(source.name(), self.args.format, &mut self.names);
            exit = match self.document(one, alone, plain) {
                Ok(text) => match out::save(folder, &name, text.as_bytes()) {
                    Ok(_) => Exit::Holds,
                    Err(told) => {
                        out::complain(&told);
                        Exit::Error
                    }
                },
                Err(bug) => bug,
            };
        }
        if self.args.out.is_some() || self.args.format == Format::Text {
            let look = Look { paint: out::stdout_paint(), verbose };
            let gap = if self.first_text() { "" } else { "\n" };
            let text = report::text::render(&done.rehearsal, shape, look);
            exit = exit.worse(out::print(&format!("{gap}{text}")));
        }
        exit
    }

    /// Whether no text has been printed yet. Asking counts as printing.
    fn first_text(&mut self) -> bool {
        // No report file has an empty name.
        self.names.insert(String::new())
    }

    /// The reports in the format that is asked for. What cannot be written is a bug, and is told.
    fn document(&self, judged: &[Done], shape: Shape, look: Look) -> Result<String, Exit> {
        let all = || judged.iter().map(|one| &one.rehearsal);
        let told = match self.args.format {
            Format::Text => {
                let texts: Vec<_> =
                    all().map(|one| report::text::render(one, shape, look)).collect();
                return Ok(texts.join("\n"));
            }
            Format::Json => {
                let with = if self.args.series { Done::told } else { Done::without_series };
                let told: Vec<_> = judged.iter().map(with).collect();
                report::json::render_with_series(&told, shape).map_err(|error| error.to_string())
            }
            Format::Junit => {
                let all: Vec<_> = all().cloned().collect();
                report::junit::render(&all, shape).map_err(|error| error.to_string())
            }
            Format::Github => return Ok(annotations(all())),
        };
        told.map_err(|error| bug(&error))
    }

    fn shape(&self) -> Shape {
        let named = &self.args.scenarios;
        Shape {
            list: named.len() > 1 || named.iter().any(|path| path.is_dir()),
            seeds: self.args.seeds.is_some(),
        }
    }
}

/// Tells of a report that cannot be written.
fn bug(error: &str) -> Exit {
    out::note(&format!("bug: a report cannot be written: {error}\n"));
    Exit::Bug
}

/// GitHub's annotations of the scenarios, with the place of each sentence if the file is still there.
fn annotations<'a>(judged: impl Iterator<Item = &'a Rehearsal>) -> String {
    let of = |rehearsal: &Rehearsal| {
        let source = Source::open(&rehearsal.scenario.path).ok();
        report::github::notes(rehearsal, |name| place_of(source.as_ref()?, name))
    };
    report::github::render(judged.flat_map(of).collect())
}

/// The name of a scenario's report file: the scenario's own, with a number when it is taken.
fn file_name(scenario: &str, format: Format, taken: &mut BTreeSet<String>) -> String {
    let end = match format {
        Format::Text => "txt",
        Format::Json => "json",
        Format::Junit => "xml",
        Format::Github => "annotations",
    };
    let stem = Path::new(scenario).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let stem = stem.unwrap_or_else(|| "report".into());
    let mut name = format!("{stem}.{end}");
    let mut number = 2_u32;
    while !taken.insert(name.clone()) {
        name = format!("{stem}-{number}.{end}");
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_scenarios_never_share_a_file() {
        let mut taken = BTreeSet::new();
        let names: Vec<_> = ["a/x.toml", "b/x.toml", "b/y.toml", "c/x.toml"]
            .into_iter()
            .map(|path| file_name(path, Format::Json, &mut taken))
            .collect();
        assert_eq!(names, ["x.json", "x-2.json", "y.json", "x-3.json"]);
    }
}

//! `squall gate`: runs beside their baselines.

use super::args::{GateArgs, GateFormat};
use super::inputs::{self, Inputs};
use super::progress::Runs;
use super::signals::Signals;
use super::{Exit, out};
use crate::engine::processors;
use crate::gate::{self, Asked, Baseline, Form, Gated, Verdict};
use crate::problem::Problem;
use crate::rehearse::Trouble;
use crate::report::Paint;
use crate::scenario::{self, Scenario, Source, ToleranceRule};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Compares, or records.
pub(super) fn gate(args: &GateArgs) -> Exit {
    match prepare(args) {
        Ok(ready) => ready.run(),
        Err(exit) => exit,
    }
}

/// A scenario that has no problems.
struct Entry {
    source: Source,
    scenario: Scenario,
}

/// Everything that is known before the first run.
struct Ready<'a> {
    args: &'a GateArgs,
    entries: Vec<Entry>,
    tolerances: Vec<ToleranceRule>,
    signals: Signals,
}

fn prepare(args: &GateArgs) -> Result<Ready<'_>, Exit> {
    let named = if args.scenarios.is_empty() { recorded(args)? } else { args.scenarios.clone() };
    let Inputs { sources, exit, .. } = inputs::find(&named);
    let mut exit = exit;
    let mut entries = Vec::new();
    for source in sources {
        match load(&source, !args.no_control) {
            Ok(scenario) => entries.push(Entry { source, scenario }),
            Err(problems) => exit = exit.worse(inputs::tell(&problems, &source)),
        }
    }
    let tolerances = tolerances(args, &entries);
    let tolerances = tolerances.map_err(|worse| exit.worse(worse))?;
    if exit != Exit::Holds {
        return Err(exit);
    }
    if let Some(folder) = &args.out {
        out::prepare(folder).map_err(complain)?;
    }
    if let Some(path) = &args.html {
        out::prepare_file(path).map_err(complain)?;
    }
    let signals = Signals::listen_or_tell()?;
    Ok(Ready { args, entries, tolerances, signals })
}

#[allow(clippy::needless_pass_by_value)] // reason: it is where a told error ends
fn complain(told: String) -> Exit {
    out::complain(&told);
    Exit::Error
}

fn load(source: &Source, control: bool) -> Result<Scenario, Vec<Problem>> {
    let loaded = if control {
        scenario::load(source, &[])
    } else {
        scenario::load_without_control(source, &[])
    };
    loaded.map_err(|problems| problems.0)
}

/// The scenarios that have a baseline, by name.
fn recorded(args: &GateArgs) -> Result<Vec<PathBuf>, Exit> {
    let folder = &args.baseline;
    let none = |message: &str| {
        let help = "name a scenario, and record it first: `squall gate scenarios --update`";
        inputs::tell_about(&Problem::about(&folder.display().to_string(), message, help))
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(none("there is no folder of baselines here"));
        }
        Err(error) => {
            return Err(complain(format!("{} cannot be read: {error}", folder.display())));
        }
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry
            .map_err(|error| complain(format!("{} cannot be read: {error}", folder.display())))?
            .path();
        if path.extension().is_some_and(|end| end == "json") {
            files.push(path);
        }
    }
    files.sort();
    let mut named = Vec::new();
    for path in files {
        named.push(PathBuf::from(read(&path)?.scenario));
    }
    if named.is_empty() { Err(none("there is no baseline in this folder")) } else { Ok(named) }
}

/// Reads a baseline and tells of what is wrong with it.
fn read(path: &Path) -> Result<Baseline, Exit> {
    let name = path.display().to_string();
    let text = fs::read_to_string(path)
        .map_err(|error| complain(format!("{name} cannot be read: {error}")))?;
    Baseline::read(&name, &text).map_err(|wrong| inputs::tell_about(&wrong))
}

/// Reads the tolerances; one that speaks of nothing is a problem.
fn tolerances(args: &GateArgs, entries: &[Entry]) -> Result<Vec<ToleranceRule>, Exit> {
    let Some(path) = &args.tolerance else {
        return Ok(Vec::new());
    };
    let source = inputs::open(path)?;
    let rules =
        scenario::tolerances(&source).map_err(|problems| inputs::tell(&problems.0, &source))?;
    let all: Vec<(&str, Vec<gate::Quantity>)> = entries
        .iter()
        .map(|entry| (entry.source.name(), gate::quantities(&entry.scenario)))
        .collect();
    let wrong: Vec<Problem> = rules
        .iter()
        .filter_map(|rule| moot(rule, &all).map(|(m, h)| rule.problem(&source, &m, &h)))
        .collect();
    if wrong.is_empty() { Ok(rules) } else { Err(inputs::tell(&wrong, &source)) }
}

/// What is wrong with a rule when the quantities are known: it speaks of none, or in another unit.
fn moot(rule: &ToleranceRule, all: &[(&str, Vec<gate::Quantity>)]) -> Option<(String, String)> {
    let name = rule.name.as_deref()?;
    let here = |path: &str| rule.scenario.as_deref().is_none_or(|wanted| wanted == path);
    let found: Vec<&gate::Quantity> = all
        .iter()
        .filter(|(path, _)| here(path))
        .flat_map(|(_, quantities)| quantities)
        .filter(|quantity| quantity.name == name)
        .collect();
    if found.is_empty() {
        let message = format!("no scenario that is run here has a quantity `{name}`");
        let help = "the name of an invariant or a watch, `monthly cost` or `requests answered`";
        return Some((message, help.into()));
    }
    let absolute = rule.absolute?;
    let other = found.iter().find(|quantity| quantity.unit != absolute.unit())?;
    let message =
        format!("`{name}` is {}, and this is {}", other.unit.name(), absolute.unit().name());
    Some((message, format!("write {}", other.unit.example())))
}

impl Ready<'_> {
    fn run(&self) -> Exit {
        if self.args.update { self.update() } else { self.compare() }
    }

    fn asked(&self) -> Asked<'_> {
        Asked {
            threads: self.args.threads.unwrap_or_else(processors),
            control: !self.args.no_control,
            tolerances: &self.tolerances,
            stop: Arc::clone(&self.signals.stop),
        }
    }

    fn compare(&self) -> Exit {
        let mut exit = Exit::Holds;
        let mut baselines = Vec::new();
        for entry in &self.entries {
            match self.baseline_of(entry) {
                Ok(baseline) => baselines.push(baseline),
                Err(worse) => exit = exit.worse(worse),
            }
        }
        if exit != Exit::Holds {
            return exit;
        }
        let entries: Vec<(&Source, &Scenario, &Baseline)> = self
            .entries
            .iter()
            .zip(&baselines)
            .map(|(entry, baseline)| (&entry.source, &entry.scenario, baseline))
            .collect();
        let bar = Runs::new("gate");
        let compared = gate::compare(&entries, &self.asked(), &mut |done, all| bar.show(done, all));
        bar.clear();
        match compared {
            Ok(gated) => self.tell(&gated).worse(self.write_page(&gated)),
            Err(trouble) => self.trouble(trouble),
        }
    }

    /// The baseline of a scenario, cut to the seeds that were asked for; what is wrong with it is told.
    fn baseline_of(&self, entry: &Entry) -> Result<Baseline, Exit> {
        let name = entry.source.name();
        let path = self.args.baseline.join(gate::file_name(name));
        let problem = |message: &str, help: &str| {
            inputs::tell_about(&Problem::about(&path.display().to_string(), message, help))
        };
        if !path.exists() {
            let help = format!("record it: `squall gate {} --update`", crate::report::quoted(name));
            return Err(problem(&format!("{name} has no baseline"), &help));
        }
        let mut baseline = read(&path)?;
        if baseline.scenario != name {
            let message = format!("this is the baseline of {}, not of {name}", baseline.scenario);
            return Err(problem(&message, "call the scenario by the path of its baseline"));
        }
        baseline
            .fits(&path.display().to_string(), &entry.scenario, &gate::quantities(&entry.scenario))
            .map_err(|wrong| inputs::tell_about(&wrong))?;
        if let Some(seeds) = &self.args.seeds {
            let missing =
                seeds.0.iter().find(|seed| !baseline.runs.iter().any(|run| run.seed == **seed));
            if let Some(seed) = missing {
                let help = "seeds that it has, or record more with `--update --seeds A..B`";
                return Err(problem(&format!("the baseline has no seed {seed}"), help));
            }
            baseline.runs.retain(|run| seeds.0.contains(&run.seed));
        }
        Ok(baseline)
    }

    fn tell(&self, gated: &[Gated]) -> Exit {
        let mut exit = Exit::worst(gated.iter().map(exit_of));
        for (name, form) in
            [("gate.json", Form::Json), ("gate.xml", Form::Junit), ("gate.md", Form::Markdown)]
        {
            if let Some(folder) = &self.args.out {
                let saved = rendered(gated, form, Paint::Plain)
                    .and_then(|text| out::save(folder, name, text.as_bytes()).map_err(complain));
                exit = exit.worse(saved.map_or_else(|worse| worse, |_| Exit::Holds));
            }
        }
        let form = match self.args.format {
            GateFormat::Text => Form::Text,
            GateFormat::Json => Form::Json,
            GateFormat::Junit => Form::Junit,
            GateFormat::Github => Form::Github,
            GateFormat::Markdown => Form::Markdown,
        };
        exit.worse(match rendered(gated, form, out::stdout_paint()) {
            Ok(text) => out::print(&text),
            Err(bug) => bug,
        })
    }

    /// Writes the page, for which the scenarios that are not the same are run once more.
    fn write_page(&self, gated: &[Gated]) -> Exit {
        let Some(path) = &self.args.html else {
            return Exit::Holds;
        };
        let mut kept = Vec::new();
        for (entry, one) in self.entries.iter().zip(gated).filter(|(_, one)| !one.is_same()) {
            match gate::keep(&entry.source, one, &self.asked()) {
                Ok(one) => kept.push(one),
                Err(trouble) => return self.trouble(trouble),
            }
        }
        let page = gate::page(gated, &kept);
        out::save_with(path, |file| file.write_all(page.as_bytes()))
            .map_or_else(complain, |()| Exit::Holds)
    }

    fn update(&self) -> Exit {
        if let Err(told) = out::prepare(&self.args.baseline) {
            return complain(told);
        }
        let mut exit = Exit::Holds;
        for entry in &self.entries {
            match self.record(entry) {
                Ok(done) => exit = exit.worse(done),
                Err(trouble) => {
                    return exit.worse(self.trouble(trouble));
                }
            }
        }
        exit
    }

    /// Records one scenario.
    fn record(&self, entry: &Entry) -> Result<Exit, Trouble> {
        let mut seeds = self.args.seeds.as_ref().map_or_else(|| (1..=5).collect(), |s| s.0.clone());
        let first = seeds.len();
        let next = seeds.last().map_or(1, |last| last + 1);
        seeds.extend((next..).take(first));
        let (source, scenario) = (&entry.source, &entry.scenario);
        let name = source.name();
        let (rehearsal, baseline) = gate::record(source, scenario, &seeds, first, &self.asked())?;
        let Some(baseline) = baseline else {
            let exit = Exit::from(&rehearsal).worse(Exit::Unmeasured);
            let seed = rehearsal.runs.first().map_or(1, |run| run.seed);
            let help = crate::report::replay_command(&rehearsal, seed);
            let message = "this scenario does not hold, so that it cannot become a baseline";
            inputs::tell_about(&Problem::about(name, message, &help));
            return Ok(exit);
        };
        let path = self.args.baseline.join(gate::file_name(name));
        let old = fs::read_to_string(&path).ok();
        if let Some(other) = old.as_deref().and_then(|text| Baseline::read(name, text).ok())
            && other.scenario != name
        {
            let message = format!("this is the baseline of {} already", other.scenario);
            let help = "give one of the two another path, or use another folder: `--baseline DIR`";
            return Ok(inputs::tell_about(&Problem::about(
                &path.display().to_string(),
                &message,
                help,
            )));
        }
        let text = match baseline.write() {
            Ok(text) => text,
            Err(error) => return Err(Trouble::Error(error.to_string())),
        };
        let what = match old {
            None => "recorded",
            Some(old) if old == text => "unchanged",
            Some(_) => "updated",
        };
        let saved = out::save(&self.args.baseline, &gate::file_name(name), text.as_bytes());
        saved.map_err(Trouble::Error)?;
        Ok(out::print(&format!("{what:<10} {name}: {} seeds\n", seeds.len())))
    }

    fn trouble(&self, trouble: Trouble) -> Exit {
        match trouble {
            Trouble::Error(told) => complain(told),
            Trouble::Interrupted => {
                out::note("interrupted: nothing is said of the scenarios\n");
                self.signals.exit().unwrap_or(Exit::Interrupted)
            }
            // They were loaded before the first run: a file has changed meanwhile.
            Trouble::Problems(problems) => Exit::worst(problems.iter().map(inputs::tell_about)),
        }
    }
}

fn rendered(gated: &[Gated], form: Form, paint: Paint) -> Result<String, Exit> {
    gate::render(gated, form, paint).map_err(|error| {
        out::note(&format!("bug: a report cannot be written: {error}\n"));
        Exit::Bug
    })
}

/// The scenario's own verdict, and that of the comparison.
fn exit_of(gated: &Gated) -> Exit {
    let compared = gated.quantities.iter().filter_map(|compared| compared.verdict);
    let compared = compared.map(|verdict| match verdict {
        Verdict::Same | Verdict::Better => Exit::Holds,
        Verdict::CannotTell => Exit::CannotTell,
        Verdict::Regressed => Exit::Regression,
    });
    Exit::from(&gated.rehearsal).worse(Exit::worst(compared))
}

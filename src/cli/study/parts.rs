//! The parts of a study on a cluster: submitted, waited for, and told of. What all clusters share.
//!
//! Each part is this program with `--shard I/N` and leaves a journal in the folder of the whole. So which
//! parts are done is read from their journals and never from the cluster, and the same command goes on
//! with the others, whatever has ended it.

use super::super::signals::Signals;
use super::super::{Exit, out};
use super::watch::Watch;
use super::{JOURNAL, journal, results};
use crate::rehearse::RunError;
use crate::study::{self, Header, Job, Planner, Shard};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

/// How often a cluster is asked.
const POLL: Duration = Duration::from_secs(1);
/// How often in a row it may fail to answer, and how often it is looked again for what it says is there.
const PATIENCE: u32 = 60;

/// A study that is cut into parts.
pub(super) struct Parts<'a> {
    /// The study file.
    pub file: &'a Path,
    /// What its journal begins with.
    pub header: &'a Header,
    /// The folder of the whole.
    pub folder: &'a Path,
    /// How many there are.
    pub parts: u64,
}

/// What a cluster says of the work that it was given.
pub(super) enum Answer {
    /// It goes on.
    Running,
    /// It is over. Whether the cluster says that all went well.
    Over(bool),
    /// It does not answer now; why.
    Nothing(String),
}

/// A cluster that makes parts.
pub(super) trait Cluster {
    /// Gives it these parts, and says what it calls the work.
    ///
    /// # Errors
    /// Why it does not take them.
    fn submit(&mut self, parts: &Parts<'_>, open: &[u64]) -> Result<String, String>;

    /// Asks how far it is. What somebody who waits should know of it is told.
    ///
    /// # Errors
    /// What makes further waiting senseless.
    fn ask(&mut self, tell: &dyn Fn(&str)) -> Result<Answer, String>;

    /// Takes the work back, as the person who waits wants to stop or waiting has become senseless.
    fn cancel(&mut self);

    /// The work is over; whether all parts are there.
    fn over(&mut self, _all: bool) {}

    /// What is known of a part that was not done, each line with two blanks before it.
    fn said(&mut self, parts: &Parts<'_>, part: u64) -> String;
}

/// What became of the work.
enum End {
    Over(bool),
    Stopped,
    /// The cluster does not answer any more.
    Lost(String),
}

impl Parts<'_> {
    /// The folder of all parts.
    pub fn all(&self) -> PathBuf {
        self.folder.join("parts")
    }

    /// The folder of a part.
    pub fn part(&self, part: u64) -> PathBuf {
        self.all().join(folder_name(Shard { part, parts: self.parts }))
    }

    /// The folders of all parts, each by itself.
    pub fn folders(&self) -> Vec<PathBuf> {
        (1..=self.parts).map(|part| self.part(part)).collect()
    }

    /// The parts that are not complete.
    pub fn open(&self) -> Vec<u64> {
        (1..=self.parts).filter(|&part| !self.is_complete(part)).collect()
    }

    /// Submits what is not there yet, waits, and says whether all parts are complete.
    pub fn run(&self, cluster: &mut impl Cluster, signals: &Signals) -> Exit {
        let open = self.open();
        if open.is_empty() {
            return Exit::Holds;
        }
        let name = match cluster.submit(self, &open) {
            Ok(name) => name,
            Err(told) => {
                out::complain(&told);
                return Exit::Error;
            }
        };
        out::note(&format!("job {name}: {} of {} parts\n", open.len(), self.parts));
        match self.wait(cluster, signals) {
            Err(told) => {
                cluster.cancel();
                out::complain(&told);
                Exit::Error
            }
            Ok(End::Stopped) => {
                cluster.cancel();
                out::note(
                    "interrupted: the same command goes on with the parts that are not done\n",
                );
                signals.exit().unwrap_or(Exit::Interrupted)
            }
            Ok(End::Lost(told)) => {
                out::complain(&format!(
                    "{told}\n  the work goes on; the same command takes it up again"
                ));
                Exit::Error
            }
            Ok(End::Over(well)) => self.told_of(cluster, &open, well),
        }
    }

    /// Waits until the work is over, or until this program is to stop.
    fn wait(&self, cluster: &mut impl Cluster, signals: &Signals) -> Result<End, String> {
        let mut watch = Watch::new(self.header, self.parts, |part| self.part(part));
        let mut failures = 0;
        loop {
            watch.look();
            if signals.exit().is_some() {
                return Ok(End::Stopped);
            }
            match cluster.ask(&|text| watch.aside(|| out::note(text)))? {
                Answer::Running => failures = 0,
                Answer::Over(well) => return Ok(End::Over(well)),
                Answer::Nothing(told) => {
                    failures += 1;
                    if failures > PATIENCE {
                        return Ok(End::Lost(told));
                    }
                }
            }
            thread::sleep(POLL);
        }
    }

    fn told_of(&self, cluster: &mut impl Cluster, parts: &[u64], well: bool) -> Exit {
        let look =
            || parts.iter().copied().filter(|&part| !self.is_complete(part)).collect::<Vec<u64>>();
        let mut undone = look();
        // A shared folder may show late what another machine has written.
        let mut patience = if well { PATIENCE } else { 0 };
        while patience > 0 && undone.first().is_some_and(|&part| self.other_version(part).is_none())
        {
            patience -= 1;
            thread::sleep(POLL);
            undone = look();
        }
        let Some(&first) = undone.first() else {
            cluster.over(true);
            return Exit::Holds;
        };
        let said = self.other_version(first).unwrap_or_else(|| cluster.said(self, first));
        cluster.over(false);
        out::complain(&format!(
            "{} of {} parts are not done, the first is {first}; the same command goes on with them\n{said}",
            undone.len(),
            self.parts,
        ));
        Exit::Error
    }

    /// What is said of a part that another version of this program has made.
    fn other_version(&self, part: u64) -> Option<String> {
        let there = journal::header(&self.part(part).join(JOURNAL)).ok()?;
        let (one, two) = (&there.version, &self.header.version);
        (one != two).then(|| {
            format!("  its journal is of version {one}, and this is {two}: they must be the same\n")
        })
    }

    /// Whether a part's journal has every run of it.
    fn is_complete(&self, part: u64) -> bool {
        let header = Header { shard: Some((part, self.parts)), ..self.header.clone() };
        let path = self.part(part).join(JOURNAL);
        if journal::header(&path).is_ok_and(|there| there == header) {
            let mut planner = Planner::new(&header);
            let missing = |_: Job| Err(RunError::Interrupted);
            let records = results::records_of(&path);
            let one = NonZeroUsize::MIN;
            return study::drive(&mut planner, records, one, missing, |_, _| Ok(())).is_ok();
        }
        false
    }
}

/// What the folder of a part is called. Slurm's script writes the same.
pub(super) fn folder_name(shard: Shard) -> String {
    format!("{}-of-{}", shard.part, shard.parts)
}

/// How many parts a study is cut into when nobody says it: four times as many as would keep a small
/// cluster busy, and never more than can have work.
pub(super) fn usual_parts(header: &Header) -> u64 {
    Planner::units(header).clamp(1, 64)
}

/// Runs a cluster's command to its end, with this on its standard input. What interrupts this program from
/// the keyboard does not reach it: what it has begun is finished, and then taken back by us.
///
/// # Errors
/// When it cannot be started.
pub(super) fn call(command: &mut Command, input: &str) -> io::Result<Output> {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that has refused its words does not read; it says why by itself.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output()
}

/// What a command said on standard error.
pub(super) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

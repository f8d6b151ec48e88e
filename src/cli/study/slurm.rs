//! A study on a cluster with Slurm: a job array of its parts, which are joined when all of them are done.
//!
//! Each task is this program with `--shard I/N`, so a part that was killed or ran out of time goes on when
//! the same command is given again. Partition, account and limits are those of sbatch's own variables
//! (`SBATCH_PARTITION`, `SBATCH_TIMELIMIT` and so on). The folder of `--out` and the study must be seen
//! from all nodes under the same path.

use super::super::signals::Signals;
use super::super::{Exit, out};
use super::watch::Watch;
use super::{JOURNAL, journal, results};
use crate::rehearse::Trouble;
use crate::study::{self, Header, Job, Planner};
use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// How often it is asked whether the array is over.
const POLL: Duration = Duration::from_secs(1);
/// How often in a row the cluster may fail to answer.
const PATIENCE: u32 = 60;

/// What is run.
pub(super) struct Array<'a> {
    /// The study file.
    pub file: &'a Path,
    /// What its journal begins with.
    pub header: &'a Header,
    /// The folder of the whole.
    pub folder: &'a Path,
    /// In how many parts.
    pub parts: u64,
}

/// What became of an array.
enum End {
    Over,
    Stopped,
}

impl Array<'_> {
    /// The folder of a part.
    pub fn part(&self, part: u64) -> PathBuf {
        self.folder.join("parts").join(format!("{part}-of-{}", self.parts))
    }

    /// Submits what is not there yet, waits, and says whether all parts are complete.
    pub fn run(&self, signals: &Signals) -> Exit {
        let open: Vec<u64> = (1..=self.parts).filter(|&part| !self.is_complete(part)).collect();
        if open.is_empty() {
            return Exit::Holds;
        }
        let waited = self.submit(&open).and_then(|job| {
            out::note(&format!("job {job}: {} of {} parts\n", open.len(), self.parts));
            let mut watch = Watch::new(self.header, self.parts, |part| self.part(part));
            wait(&job, signals, &mut watch).map(|end| (job, end))
        });
        match waited {
            Err(told) => {
                out::complain(&told);
                Exit::Error
            }
            Ok((job, End::Stopped)) => {
                let _ = Command::new("scancel").arg(&job).status();
                out::note(
                    "interrupted: the same command goes on with the parts that are not done\n",
                );
                signals.exit().unwrap_or(Exit::Interrupted)
            }
            Ok((_, End::Over)) => self.told_of_parts(&open),
        }
    }

    fn told_of_parts(&self, parts: &[u64]) -> Exit {
        let undone: Vec<u64> =
            parts.iter().copied().filter(|&part| !self.is_complete(part)).collect();
        let Some(first) = undone.first() else {
            return Exit::Holds;
        };
        let log = self.folder.join("parts").join(format!("{first}.log"));
        let last = fs::read_to_string(&log).unwrap_or_default();
        let last = last.lines().rev().take(5).collect::<Vec<_>>();
        let last: String = last.into_iter().rev().map(|line| format!("  {line}\n")).collect();
        out::complain(&format!(
            "{} of {} parts are not done, the first is {first}; the same command goes on with them\n  \
             --> {}\n{last}",
            undone.len(),
            self.parts,
            log.display()
        ));
        Exit::Error
    }

    /// Whether a part's journal has every run of it.
    fn is_complete(&self, part: u64) -> bool {
        let header = Header { shard: Some((part, self.parts)), ..self.header.clone() };
        let path = self.part(part).join(JOURNAL);
        if journal::header(&path).is_ok_and(|there| there == header) {
            let mut planner = Planner::new(&header);
            let missing = |_: Job| Err(Trouble::Interrupted);
            let records = results::records_of(&path);
            let one = NonZeroUsize::MIN;
            return study::drive(&mut planner, records, one, missing, |_, _| Ok(())).is_ok();
        }
        false
    }

    /// Submits an array of these parts and says its number.
    fn submit(&self, parts: &[u64]) -> Result<String, String> {
        let told = |error: std::io::Error| format!("sbatch cannot be run: {error}");
        let folder = self.folder.join("parts");
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let script = self.script()?;
        let mut child = Command::new("sbatch")
            .arg("--parsable")
            .arg(format!("--array={}", ranges(parts)))
            .arg("--job-name=squall-study")
            .arg("--ntasks=1")
            .arg(format!("--output={}", absolute(&folder)?.join("%a.log").display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(told)?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(script.as_bytes()).map_err(told)?;
        }
        let output = child.wait_with_output().map_err(told)?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(format!("sbatch refuses the array: {said}"));
        }
        // `--parsable` prints the number, and behind a semicolon the cluster.
        let said = String::from_utf8_lossy(&output.stdout);
        Ok(said.trim().split(';').next().unwrap_or_default().to_owned())
    }

    /// What each task does.
    fn script(&self) -> Result<String, String> {
        let program = std::env::current_exe()
            .map_err(|error| format!("where this program stands is not known: {error}"))?;
        let parts = self.parts;
        Ok(format!(
            "#!/bin/sh\nexec {} study {} --out {}/parts/\"$SLURM_ARRAY_TASK_ID\"-of-{parts} \
             --shard \"$SLURM_ARRAY_TASK_ID\"/{parts} --threads \"${{SLURM_CPUS_PER_TASK:-1}}\"\n",
            quoted(&program),
            quoted(&absolute(self.file)?),
            quoted(&absolute(self.folder)?),
        ))
    }
}

/// How many parts a study is cut into when nobody says it: four times as many as would keep a small
/// cluster busy, and never more than can have work.
pub(super) fn usual_parts(header: &Header) -> u64 {
    Planner::units(header).clamp(1, 64)
}

/// `1-3,7`: array indices, as sbatch takes them.
fn ranges(parts: &[u64]) -> String {
    let mut runs: Vec<(u64, u64)> = Vec::new();
    for &part in parts {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == part => *last = part,
            _ => runs.push((part, part)),
        }
    }
    let text = |(first, last): (u64, u64)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.into_iter().map(text).collect::<Vec<_>>().join(",")
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A path as a shell takes it for one word, whatever is in it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

/// Waits until no task of an array is left, or until this program is to stop.
fn wait(job: &str, signals: &Signals, watch: &mut Watch) -> Result<End, String> {
    let mut failures = 0;
    loop {
        watch.look();
        if signals.exit().is_some() {
            return Ok(End::Stopped);
        }
        let asked =
            Command::new("squeue").args(["--noheader", "--format=%i", "--jobs", job]).output();
        match asked {
            Ok(output) if output.status.success() => {
                failures = 0;
                if output.stdout.trim_ascii().is_empty() {
                    return Ok(End::Over);
                }
            }
            // A job that is long over is not known any more.
            Ok(output) if String::from_utf8_lossy(&output.stderr).contains("Invalid job id") => {
                return Ok(End::Over);
            }
            Ok(output) => {
                failures += 1;
                if failures > PATIENCE {
                    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
                    return Err(format!("squeue does not answer any more: {said}"));
                }
            }
            Err(error) => return Err(format!("squeue cannot be run: {error}")),
        }
        thread::sleep(POLL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_of_an_array_are_written_as_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 7, 9, 10]), "1-3,7,9-10");
        assert_eq!(ranges(&[]), "");
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("a b/it's $HOME")), "'a b/it'\\''s $HOME'");
    }
}

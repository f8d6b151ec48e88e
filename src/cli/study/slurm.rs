//! A study on a cluster with Slurm: a job array of its parts.
//!
//! Partition, account and limits are those of sbatch's own variables (`SBATCH_PARTITION`, `SBATCH_TIMELIMIT`
//! and so on). The folder of `--out` and the study must be seen from all nodes under the same path.

use super::parts::{Answer, Cluster, Parts, call, said};
use crate::study::Shards;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Slurm, and the array that it was given.
#[derive(Default)]
pub(super) struct Slurm {
    job: String,
}

impl Cluster for Slurm {
    /// Submits an array of these parts and says its number.
    fn submit(&mut self, parts: &Parts<'_>, open: &[u64]) -> Result<String, String> {
        let told = |error: std::io::Error| format!("sbatch cannot be run: {error}");
        let folder = parts.all();
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let mut command = Command::new("sbatch");
        command
            .arg("--parsable")
            .arg(format!("--array={}", Shards::of(open, parts.parts).list()))
            .arg("--job-name=squall-study")
            .arg("--ntasks=1")
            .arg(format!("--output={}", absolute(&folder)?.join("%a.log").display()));
        let output = call(&mut command, &script(parts)?).map_err(told)?;
        if !output.status.success() {
            return Err(format!("sbatch refuses the array: {}", said(&output)));
        }
        // `--parsable` prints the number, and behind a semicolon the cluster.
        let printed = String::from_utf8_lossy(&output.stdout);
        printed.trim().split(';').next().unwrap_or_default().clone_into(&mut self.job);
        Ok(self.job.clone())
    }

    fn ask(&mut self, _: &dyn Fn(&str)) -> Result<Answer, String> {
        let words = ["--noheader", "--format=%i", "--jobs", &self.job];
        let output = call(Command::new("squeue").args(words), "")
            .map_err(|error| format!("squeue cannot be run: {error}"))?;
        // A job that is long over is not known any more.
        let unknown = said(&output).contains("Invalid job id");
        Ok(match output.status.success() {
            true if output.stdout.trim_ascii().is_empty() => Answer::Over(false),
            true => Answer::Running,
            false if unknown => Answer::Over(false),
            false => Answer::Nothing(format!("squeue does not answer any more: {}", said(&output))),
        })
    }

    fn cancel(&mut self) {
        let _ = call(Command::new("scancel").arg(&self.job), "");
    }

    fn said(&mut self, parts: &Parts<'_>, part: u64) -> String {
        let log = parts.all().join(format!("{part}.log"));
        let last = fs::read_to_string(&log).unwrap_or_default();
        let last = last.lines().rev().take(5).collect::<Vec<_>>();
        let last: String = last.into_iter().rev().map(|line| format!("  {line}\n")).collect();
        format!("  --> {}\n{last}", log.display())
    }
}

/// What each task does.
fn script(parts: &Parts<'_>) -> Result<String, String> {
    let program = std::env::current_exe()
        .map_err(|error| format!("where this program stands is not known: {error}"))?;
    let all = parts.parts;
    Ok(format!(
        "#!/bin/sh\nexec {} study {} --out {}/parts/\"$SLURM_ARRAY_TASK_ID\"-of-{all} \
         --shard \"$SLURM_ARRAY_TASK_ID\"/{all} --threads \"${{SLURM_CPUS_PER_TASK:-1}}\"\n",
        quoted(&program),
        quoted(&absolute(parts.file)?),
        quoted(&absolute(parts.folder)?),
    ))
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// A path as a shell takes it for one word, whatever is in it.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("a b/it's $HOME")), "'a b/it'\\''s $HOME'");
    }
}

//! The words of `squall study`.

use super::kubernetes::KubernetesArgs;
use crate::cli::inputs;
use crate::study::{MOST_PARTS, Shard, Shards};
use clap::{Subcommand, ValueEnum};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// How a study is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum StudyFormat {
    /// For people.
    Text,
    /// For programs: `squall.study/1`.
    Json,
    /// A line a variant.
    Csv,
}

/// Where the runs of a study are made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(in crate::cli) enum EngineName {
    /// On this machine.
    Local,
    /// As a job array on a cluster with Slurm.
    Slurm,
    /// As an Indexed Job on a cluster with Kubernetes.
    Kubernetes,
}

/// Many variants of a scenario: tables with intervals, paired differences, searches.
///
/// A study file names a scenario, what differs between its variants, and seeds. Each run takes one
/// thread. With `--out` every run is kept when it is done: the same command goes on after a kill,
/// and ends in the same bytes.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
#[command(after_help = "\
Examples:
  squall study scenarios/studies/servers.study.toml
  squall study my.study.toml --out target/my --format csv
  squall study my.study.toml --out target/part-3 --shard 3/7
  squall study merge target/part-* --out target/my
  SBATCH_PARTITION=batch squall study my.study.toml --out shared/my --engine slurm --parts 200
  squall study my.study.toml --out /mnt/studies/my --engine kubernetes --parts 200 \\
    --image registry.example/squall:0.1.0 --volume studies:my
  squall study my.study.toml --out /mnt/studies/my --engine kubernetes --parts 200 \\
    --image registry.example/squall:0.1.0 --volume studies:my --manifest > job.json

The folder of --out gets study.txt, study.json, variants.csv and runs.csv, the same as .parquet, and
runs.jsonl, the journal.")]
pub(in crate::cli) struct StudyArgs {
    /// What to do instead of running a study
    #[command(subcommand)]
    pub verb: Option<StudyVerb>,
    /// The study file
    #[arg(required = true, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Keep runs and results in this folder
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub out: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = StudyFormat::Text)]
    pub format: StudyFormat,
    /// Write a page with plots into this file: curves, maps of two changes, money against availability
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath, conflicts_with = "shard")]
    pub html: Option<PathBuf>,
    /// Runs at one time. The default is one for each core
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = inputs::threads)]
    pub threads: Option<NonZeroUsize>,
    /// Make only part I of N, counted from 1; `squall study merge` joins the parts
    #[arg(long, value_name = "I/N", requires = "out", value_parser = shard)]
    pub shard: Option<Shard>,
    /// Make one of these parts of N: the one at the place that the variable JOB_COMPLETION_INDEX says,
    /// counted from 0, into the folder I-of-N below --out. What a pod of an Indexed Job is told
    #[arg(long, value_name = "I-I,I/N", requires = "out", value_parser = Shards::parse)]
    #[arg(conflicts_with_all = ["shard", "engine", "html"])]
    pub shard_by_index: Option<Shards>,
    /// Where the runs are made: on this machine, or by a cluster, which is waited for. A job array of
    /// Slurm: the folder of --out must be seen from all nodes; sbatch's variables (SBATCH_PARTITION) say
    /// where. An Indexed Job of Kubernetes: the folder of --out must be on the claim of --volume
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = EngineName::Local)]
    #[arg(requires_if("slurm", "out"), conflicts_with = "shard")]
    #[arg(requires_ifs([("kubernetes", "out"), ("kubernetes", "image"), ("kubernetes", "volume")]))]
    pub engine: EngineName,
    /// Into how many parts another engine's runs are cut. The default is 64, and no more than can have work:
    /// of a search one a search, with a precision one a variant, else one a run
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = parts)]
    pub parts: Option<u64>,
    /// What only a cluster with Kubernetes is told
    #[command(flatten)]
    pub kubernetes: KubernetesArgs,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum StudyVerb {
    /// Join the parts of a study: the same bytes as if it had been run as a whole
    Merge(MergeArgs),
}

/// Join the parts of a study: the same bytes as if it had been run as a whole.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct MergeArgs {
    /// The folders of all parts, in any order
    #[arg(required = true, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub parts: Vec<PathBuf>,
    /// The folder of the whole
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath)]
    pub out: PathBuf,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t = StudyFormat::Text)]
    pub format: StudyFormat,
    /// Write a page with plots into this file: curves, maps of two changes, money against availability
    #[arg(long, value_name = "FILE", value_hint = clap::ValueHint::FilePath)]
    pub html: Option<PathBuf>,
}

fn parts(text: &str) -> Result<u64, String> {
    let parts = text.parse().ok().filter(|parts| (1..=MOST_PARTS).contains(parts));
    parts.ok_or_else(|| format!("parts are a whole number from 1 to {MOST_PARTS}"))
}

fn shard(text: &str) -> Result<Shard, String> {
    let help = "a part is I/N with I from 1 to N, for example 3/7";
    let number = |text: &str| text.trim().parse::<u64>().map_err(|_| help.to_owned());
    let (part, parts) = text.split_once('/').ok_or(help)?;
    let (part, parts) = (number(part)?, number(parts)?);
    if (1..=parts).contains(&part) && parts <= MOST_PARTS {
        Ok(Shard { part, parts })
    } else {
        Err(help.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!(shard("3/7"), Ok(Shard { part: 3, parts: 7 }));
        for wrong in ["0/7", "8/7", "3", "3/", "/7", "a/b", "-1/2", "1/100001", "0/0"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}

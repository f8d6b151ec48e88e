//! The words of `squall study`.

use super::kubernetes::KubernetesArgs;
use crate::cli::inputs;
use crate::study::Shard;
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
    #[arg(long, value_name = "I-I,I/N", requires = "out", value_parser = shards)]
    #[arg(conflicts_with_all = ["shard", "engine", "html"])]
    pub shard_by_index: Option<Shards>,
    /// Where the runs are made: on this machine, or by a cluster, which is waited for. A job array of
    /// Slurm: the folder of --out must be seen from all nodes; sbatch's variables (SBATCH_PARTITION) say
    /// where. An Indexed Job of Kubernetes: the folder of --out must be on the claim of --volume
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = EngineName::Local)]
    #[arg(requires_if("slurm", "out"), conflicts_with = "shard")]
    #[arg(requires_ifs([("kubernetes", "out"), ("kubernetes", "image"), ("kubernetes", "volume")]))]
    pub engine: EngineName,
    /// Into how many parts another engine's runs are cut. The default is 64, or one a run
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

/// The most parts of a study.
const MOST_PARTS: u64 = 100_000;

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

/// Some parts of so many, in the order in which a job counts them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::cli) struct Shards {
    /// First and last of each run of parts that follow one another.
    ranges: Vec<(u64, u64)>,
    /// How many parts the study has.
    parts: u64,
}

impl Shards {
    /// Reads `1-3,7/9`.
    ///
    /// # Errors
    /// A sentence when it is no list of parts.
    pub fn parse(text: &str) -> Result<Self, String> {
        shards(text)
    }

    /// The place of a part.
    pub fn place(&self, part: u64) -> Option<u64> {
        let mut before = 0;
        for &(first, last) in &self.ranges {
            if (first..=last).contains(&part) {
                return Some(before + part - first);
            }
            before += last - first + 1;
        }
        None
    }

    /// The one at a place counted from 0.
    pub fn at(&self, mut place: u64) -> Option<Shard> {
        for &(first, last) in &self.ranges {
            let here = last - first + 1;
            if place < here {
                return Some(Shard { part: first + place, parts: self.parts });
            }
            place -= here;
        }
        None
    }
}

fn shards(text: &str) -> Result<Shards, String> {
    let help = "parts are I-I,I/N with each I from 1 to N, for example 1-3,7/9";
    let (list, parts) = text.split_once('/').ok_or(help)?;
    let one = |text: &str| shard(&format!("{text}/{parts}")).map_err(|_| help.to_owned());
    let range = |text: &str| {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let (first, last) = (one(first)?, one(last)?);
        if first.part > last.part { Err(help.to_owned()) } else { Ok((first.part, last.part)) }
    };
    let ranges = list.split(',').map(range).collect::<Result<Vec<_>, String>>()?;
    Ok(Shards { ranges, parts: one("1")?.parts })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_list_of_parts_is_a_part() {
        let all = shards("1-3,7,9-10/12").unwrap();
        let parts = |place| all.at(place).map(|shard| (shard.part, shard.parts));
        let found: Vec<_> = (0..7).filter_map(parts).collect();
        assert!(found.iter().enumerate().all(|(at, one)| all.place(one.0) == Some(at as u64)));
        assert_eq!(all.place(4), None);
        assert_eq!(found, [(1, 12), (2, 12), (3, 12), (7, 12), (9, 12), (10, 12)]);
        for wrong in ["1-3", "3-1/4", "0/4", "5/4", "1,,2/4", "/4", "1-2-3/4", "1/"] {
            assert!(shards(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn parts_are_counted_from_one() {
        assert_eq!(shard("3/7"), Ok(Shard { part: 3, parts: 7 }));
        for wrong in ["0/7", "8/7", "3", "3/", "/7", "a/b", "-1/2", "1/100001", "0/0"] {
            assert!(shard(wrong).is_err(), "{wrong}");
        }
    }
}

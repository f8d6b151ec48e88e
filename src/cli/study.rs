//! `squall study`: many variants, many seeds, one table.

mod journal;
mod kubernetes;
mod parts;
mod results;
mod slurm;
mod staging;
mod time_left;
mod watch;

use super::args::{EngineName, MergeArgs, StudyArgs, StudyFormat, StudyVerb};
use super::signals::Signals;
use super::{Exit, inputs, out};
use crate::engine::processors;
use crate::problem::Problem;
use crate::rehearse::Trouble;
use crate::scenario::{Study, StudyError, open_study};
use crate::study::{self, Halt, Header, Job, Joined, Planner, Shard};
use journal::{Journal, Refused};
use kubernetes::Kubernetes;
use parts::{Cluster, Parts};
use results::Wanted;
use slurm::Slurm;
use std::path::{Path, PathBuf};
use std::time::Instant;
use time_left::StudyProgress;

/// The journal's name in the folder of a study.
const JOURNAL: &str = "runs.jsonl";

/// Runs a study or a part of it, or joins parts.
pub(super) fn study(args: &StudyArgs) -> Exit {
    match (&args.verb, &args.file) {
        (Some(StudyVerb::Merge(MergeArgs { parts, out, html, format })), _) => {
            join(parts, &Wanted { folder: Some(out), html: html.as_deref(), format: *format })
        }
        (None, Some(file)) => match opened(file) {
            Ok(study) => run(args, &study),
            Err(exit) => exit,
        },
        (None, None) => Exit::Problems,
    }
}

/// Opens a study and tells of what is wrong with it.
pub(super) fn opened(file: &Path) -> Result<Study, Exit> {
    open_study(file).map_err(|error| match error {
        StudyError::Problems(problems, source) => inputs::tell(&problems, &source),
        StudyError::Error(told) => {
            out::complain(&told);
            Exit::Error
        }
    })
}

/// The part that is asked for, and the folder for it.
fn part_of(args: &StudyArgs) -> Result<(Shard, Option<PathBuf>), Exit> {
    let Some(shards) = &args.shard_by_index else {
        return Ok((args.shard.unwrap_or(Shard::WHOLE), args.out.clone()));
    };
    let index = std::env::var("JOB_COMPLETION_INDEX").ok();
    let shard = index.and_then(|index| index.parse().ok()).and_then(|index| shards.at(index));
    let Some(shard) = shard else {
        let help = "a pod of an Indexed Job has it: a number from 0 to that of the parts less 1";
        let message = "the variable JOB_COMPLETION_INDEX names no part";
        return Err(inputs::tell_about(&Problem::about("--shard-by-index", message, help)));
    };
    let folder = |out: &PathBuf| out.join(parts::folder_name(shard));
    Ok((shard, args.out.as_ref().map(folder)))
}

/// The problem with an option of one engine that was given to another.
fn lost_option(args: &StudyArgs) -> Option<Problem> {
    let on = args.engine;
    let (option, help) = if let Some(option) = args.kubernetes.given()
        && on != EngineName::Kubernetes
    {
        (option, "it goes with --engine kubernetes")
    } else if on != EngineName::Local && args.threads.is_some() {
        ("--threads", "on a cluster a part has a thread for each of its processors")
    } else if on == EngineName::Local && args.parts.is_some() {
        ("--parts", "it goes with --engine slurm or kubernetes; --shard I/N makes one part here")
    } else {
        return None;
    };
    Some(Problem::about(option, "this option is of another engine", help))
}

fn run(args: &StudyArgs, study: &Study) -> Exit {
    if let Some(problem) = lost_option(args) {
        return inputs::tell_about(&problem);
    }
    let (shard, out) = match part_of(args) {
        Ok(part) => part,
        Err(exit) => return exit,
    };
    let header = study::header(study, shard);
    if let (true, Some(file), Some(folder)) = (args.engine != EngineName::Local, &args.file, &out) {
        return on_cluster(args, study, file, folder, &header);
    }
    if let Some(Err(told)) = args.html.as_deref().map(out::prepare_file) {
        out::complain(&told);
        return Exit::Error;
    }
    let kept = match &out {
        Some(folder) => out::prepare(folder).map(|()| None),
        None => out::scratch().map(Some),
    };
    let scratch = match kept {
        Ok(scratch) => scratch,
        Err(told) => {
            out::complain(&told);
            return Exit::Error;
        }
    };
    let folder = match (&out, &scratch) {
        (Some(folder), _) => folder.clone(),
        (None, Some(scratch)) => scratch.path().to_path_buf(),
        (None, None) => PathBuf::new(),
    };
    let path = folder.join(JOURNAL);
    match make_runs(args, study, &header, &path) {
        Exit::Holds => {}
        exit => return exit,
    }
    if shard != Shard::WHOLE {
        let Shard { part, parts } = shard;
        let idle = idle(&header, parts).unwrap_or_default();
        return out::print(&format!("part {part} of {parts} is in {}\n{idle}", path.display()));
    }
    results::report(&header, &path, &wanted(args))
}

/// What is said when there are more parts than a study can be cut into: the others are empty.
fn idle(header: &Header, parts: u64) -> Option<String> {
    let units = Planner::units(header);
    let (one, many, why) = if header.is_search() {
        ("search", "searches", ", which is not cut")
    } else if header.in_rounds() {
        ("variant", "variants", ", which is not cut")
    } else {
        ("run", "runs", "")
    };
    match units {
        _ if units >= parts => None,
        1 => Some(format!("only 1 of {parts} parts has work: the study is 1 {one}{why}\n")),
        _ => Some(format!(
            "only {units} of {parts} parts have work: the study is {units} {many}{}\n",
            why.replace("which is", "which are")
        )),
    }
}

/// What is to be made of a finished journal.
fn wanted(args: &StudyArgs) -> Wanted<'_> {
    Wanted { folder: args.out.as_deref(), html: args.html.as_deref(), format: args.format }
}

/// Has a cluster make the runs, and joins its parts.
fn on_cluster(
    args: &StudyArgs,
    study: &Study,
    file: &Path,
    folder: &Path,
    header: &Header,
) -> Exit {
    if let Err(told) = out::prepare(folder) {
        out::complain(&told);
        return Exit::Error;
    }
    let count = args.parts.unwrap_or_else(|| parts::usual_parts(header));
    if let Some(told) = idle(header, count) {
        out::note(&told);
    }
    let parts = Parts { file, header, folder, parts: count };
    if args.engine == EngineName::Slurm {
        return waited_for(args, &parts, &mut Slurm::default());
    }
    let place = match staging::stage(file, study, folder) {
        Ok(place) => place,
        Err(told) => return told.tell(),
    };
    let owner = match kubernetes::writer(&parts.all()) {
        Ok(owner) => owner,
        Err(error) => {
            out::complain(&format!("{}: {error}", parts.all().display()));
            return Exit::Error;
        }
    };
    let Some(pods) = args.kubernetes.pods(owner) else {
        return Exit::Problems;
    };
    let context = args.kubernetes.context.as_deref();
    let mut cluster = Kubernetes::new(context, pods, &place);
    if args.kubernetes.manifest {
        print_manifest(&cluster, &parts)
    } else {
        waited_for(args, &parts, &mut cluster)
    }
}

/// Prints what a cluster would be given.
fn print_manifest(cluster: &Kubernetes<'_>, parts: &Parts<'_>) -> Exit {
    let open = parts.open();
    if open.is_empty() {
        out::note("all parts are done: the same command without --manifest joins them\n");
        return Exit::Holds;
    }
    match cluster.manifest(parts, &open, false) {
        Ok(text) => out::print(&(text + "\n")),
        Err(told) => {
            out::complain(&told);
            Exit::Error
        }
    }
}

/// Waits for a cluster's parts and joins them.
fn waited_for(args: &StudyArgs, parts: &Parts<'_>, cluster: &mut impl Cluster) -> Exit {
    let signals = match Signals::listen_or_tell() {
        Ok(signals) => signals,
        Err(exit) => return exit,
    };
    match parts.run(cluster, &signals) {
        Exit::Holds => join(&parts.folders(), &wanted(args)),
        exit => exit,
    }
}

/// Makes the runs that the journal does not have.
fn make_runs(args: &StudyArgs, study: &Study, header: &Header, path: &Path) -> Exit {
    let signals = match Signals::listen_or_tell() {
        Ok(signals) => signals,
        Err(exit) => return exit,
    };
    let mut journal = match Journal::open(path, header) {
        Ok(journal) => journal,
        Err(told) => return told.tell(),
    };
    let earlier = match journal.earlier() {
        Ok(earlier) => earlier,
        Err(told) => return told.tell(),
    };
    let threads = args.threads.unwrap_or_else(processors);
    let bar = StudyProgress::new(Planner::bounds(header), threads.get());
    let mut done = 0;
    let work = |job: Job| {
        let began = Instant::now();
        let record = study::run(study, job, &signals.stop);
        bar.spent(began.elapsed());
        record
    };
    let mut planner = Planner::new(header);
    let driven = study::run_rounds(&mut planner, earlier, threads, work, |record, fresh| {
        done += 1;
        bar.show(done);
        if fresh { journal.add(record) } else { Ok(()) }
    });
    bar.clear();
    let synced = journal.sync().map_err(|error| Halt::Journal(error.to_string()));
    match driven.and(synced) {
        Ok(()) => Exit::Holds,
        Err(Halt::Run(_, Trouble::Interrupted)) => {
            let kept = match &args.out {
                Some(_) => format!(
                    "{done} runs are in {}: the same command goes on from there",
                    path.display()
                ),
                None => "no run is kept without --out".to_owned(),
            };
            out::note(&format!("interrupted: {kept}\n"));
            signals.exit().unwrap_or(Exit::Interrupted)
        }
        Err(halt) => halted(&halt, study, path),
    }
}

/// Tells why a study ended before its end.
fn halted(halt: &Halt, study: &Study, path: &Path) -> Exit {
    match halt {
        Halt::Run(job, Trouble::Problems(problems)) => {
            out::note(&format!("variant {} cannot be run:\n", job.variant));
            inputs::tell(problems, &study.scenario)
        }
        Halt::Run(job, Trouble::Error(told)) => {
            let (variant, seed) = (job.variant, job.seed);
            out::complain(&format!("variant {variant} with seed {seed}: {told}"));
            Exit::Error
        }
        Halt::Run(_, Trouble::Interrupted) => Exit::Interrupted,
        Halt::Journal(told) => {
            out::complain(&format!("{}: {told}", path.display()));
            Exit::Error
        }
    }
}

/// Joins the parts of a study.
fn join(folders: &[PathBuf], wanted: &Wanted<'_>) -> Exit {
    let folder = wanted.folder.unwrap_or(Path::new("."));
    let parts = match parts_of(folders) {
        Ok(parts) => parts,
        Err(told) => return told.tell(),
    };
    let Some((header, _)) = parts.first() else {
        return Exit::Problems;
    };
    let header = Header { shard: None, ..header.clone() };
    if let Err(told) = out::prepare(folder) {
        out::complain(&told);
        return Exit::Error;
    }
    let path = folder.join(JOURNAL);
    let mut wrong = None;
    let written = out::save_with(&path, |file| {
        let line = header.line().map_err(std::io::Error::other)?;
        file.write_all(line.as_bytes())?;
        let records = Joined::new(&header, parts.len() as u64, |part| {
            let part = usize::try_from(part - 1).ok().and_then(|part| parts.get(part));
            part.map_or_else(results::none, |(_, path)| results::records_of(path))
        });
        let mut planner = Planner::new(&header);
        let missing = |_: Job| Err(Trouble::Interrupted);
        let one = std::num::NonZeroUsize::MIN;
        let joined = study::run_rounds(&mut planner, records, one, missing, |record, _| {
            file.write_all(record.line()?.as_bytes()).map_err(|error| error.to_string())
        });
        joined.map_err(|halt| {
            let told = match halt {
                Halt::Run(Job { variant, seed }, _) => {
                    format!("variant {variant} with seed {seed} is missing: finish its part first")
                }
                Halt::Journal(told) => told,
            };
            wrong = Some(told.clone());
            std::io::Error::other(told)
        })
    });
    match (written, wrong) {
        (_, Some(told)) => {
            let message = format!("the parts do not make the whole: {told}");
            inputs::tell_about(&Problem::without_help(&path.display().to_string(), &message))
        }
        (Err(told), None) => {
            out::complain(&told);
            Exit::Error
        }
        (Ok(()), None) => results::report(&header, &path, wanted),
    }
}

/// The journals of all parts, in the order of the parts.
fn parts_of(folders: &[PathBuf]) -> Result<Vec<(Header, PathBuf)>, Refused> {
    let problem = |path: &Path, message: &str, help: &str| {
        Refused::problem(&path.display().to_string(), message, help)
    };
    let mut parts = Vec::new();
    for folder in folders {
        let path = folder.join(JOURNAL);
        parts.push((journal::header(&path)?, path));
    }
    let number = |header: &Header| header.shard.unwrap_or((1, 1));
    parts.sort_by_key(|(header, _)| number(header).0);
    let whole = |header: &Header| Header { shard: None, ..header.clone() };
    let Some((first, _)) = parts.first() else {
        return Ok(parts);
    };
    let (first, all) = (whole(first), number(first).1);
    for (at, (header, path)) in (1..).zip(&parts) {
        if whole(header) != first || number(header).1 != all {
            let help = "parts of one study have the same files, the same version and the same N";
            return Err(problem(path, "this is a part of something else than the first", help));
        }
        if number(header).0 != at {
            let (part, help) = (number(header).0, "name each part once");
            let message =
                format!("part {} is missing, or part {part} is named twice", at.min(part));
            return Err(problem(path, &message, help));
        }
    }
    if parts.len() as u64 != all {
        let message = format!("there are {} parts of {all}", parts.len());
        return Err(problem(&folders[0], &message, "name the folder of each part"));
    }
    Ok(parts)
}

/// A format that has its own file in the folder of a study.
const fn file_of(format: StudyFormat) -> &'static str {
    match format {
        StudyFormat::Text => "study.txt",
        StudyFormat::Json => "study.json",
        StudyFormat::Csv => "variants.csv",
    }
}

//! All that the runs of a study read, put beside its results: for machines that see nothing else.

use super::super::out;
use super::journal::Refused;
use crate::scenario::Study;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

/// The folder for it, below the folder of the whole.
const INPUT: &str = "input";

/// A file that is read, and its place among the others as their paths say it.
struct Read {
    from: PathBuf,
    place: PathBuf,
}

/// Copies a study, its scenario and its traces below a folder, in the same places relative to one another,
/// and says where in the folder the study is, with `/` between its names.
///
/// # Errors
/// A path that leads nowhere else than on this machine, or a file that cannot be read or written.
pub(super) fn stage(file: &Path, study: &Study, folder: &Path) -> Result<String, Refused> {
    let told =
        |path: &Path, error: &io::Error| Refused::Error(format!("{}: {error}", path.display()));
    let absolute = std::path::absolute(file).map_err(|error| told(file, &error))?;
    let study_at = Read { from: file.to_owned(), place: plain(&absolute) };
    let scenario_at = study_at.beside(&study.scenario_path)?;
    let mut reads = vec![study_at, scenario_at];
    for trace in study.traces() {
        reads.push(reads[1].beside(&trace)?);
    }
    let common = common(&reads);
    let mut study_path = None;
    for read in &reads {
        let place = Path::new(INPUT).join(read.place.strip_prefix(&common).unwrap_or(&read.place));
        copy(&read.from, &folder.join(&place))?;
        study_path.get_or_insert(place);
    }
    let words = study_path.iter().flat_map(|path| path.iter()).map(|word| word.to_str());
    let words: Option<Vec<&str>> = words.collect();
    words.map(|words| words.join("/")).ok_or_else(|| {
        Refused::Error(format!("{}: its path is not UTF-8, as a pod's words are", file.display()))
    })
}

impl Read {
    /// The file that this one names.
    fn beside(&self, name: &str) -> Result<Self, Refused> {
        if Path::new(name).is_absolute() {
            let help = format!("write it relative to {}", self.from.display());
            return Err(Refused::problem(name, "other machines do not have this path", &help));
        }
        let folder = |path: &Path| path.parent().unwrap_or(Path::new("")).to_owned();
        let place = plain(&folder(&self.place).join(name));
        Ok(Self { from: folder(&self.from).join(name), place })
    }
}

/// A path without `.` and `..`, as its names say it: in the copy no folder is a link.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

/// The deepest folder that all of them are in.
fn common(reads: &[Read]) -> PathBuf {
    let mut folders = reads.iter().filter_map(|read| read.place.parent());
    let mut common = folders.next().unwrap_or(Path::new("")).to_owned();
    for folder in folders {
        while !folder.starts_with(&common) && common.pop() {}
    }
    common
}

/// Copies a file whole, unless the same was copied before: traces may be large.
fn copy(from: &Path, to: &Path) -> Result<(), Refused> {
    let told = |error: io::Error| Refused::Error(format!("{}: {error}", from.display()));
    let source = fs::metadata(from).map_err(told)?;
    let is_newer = |there: &fs::Metadata| match (there.modified(), source.modified()) {
        (Ok(there), Ok(source)) => there >= source,
        _ => false,
    };
    let same = |there: fs::Metadata| there.len() == source.len() && is_newer(&there);
    if fs::metadata(to).is_ok_and(same) {
        return Ok(());
    }
    let mut file = File::open(from).map_err(told)?;
    let folder = to.parent().unwrap_or(Path::new("."));
    out::prepare(folder).map_err(Refused::Error)?;
    out::save_with(to, |target| io::copy(&mut file, target).map(|_| ())).map_err(Refused::Error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::open_study;

    const POOL: &str = include_str!("../../../scenarios/smoke/single-pool.toml");

    fn written(folder: &Path, name: &str, text: &str) {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn study(scenario: &str, change: &str) -> String {
        format!(
            "title = 'A'\nquestion = 'B?'\nscenario = '{scenario}'\nseeds = '1..2'\nchange = {{ {change} }}\n"
        )
    }

    #[test]
    fn a_study_is_the_same_beside_its_results() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let traced = "../../real/eviction-storm-trace.toml";
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        for name in ["eviction-storm-trace.toml", "twitter-cluster52-slice.csv.zst"] {
            fs::create_dir_all(at("a/real")).unwrap();
            fs::copy(root.join("scenarios/real").join(name), at("a/real").join(name)).unwrap();
        }
        fs::copy(at("a/real/twitter-cluster52-slice.csv.zst"), at("a/other.csv.zst")).unwrap();
        let change = "'load.trace.file' = ['twitter-cluster52-slice.csv.zst', '../other.csv.zst']";
        written(folder.path(), "a/b/c/x.study.toml", &study(traced, change));
        let file = at("a/b/c/x.study.toml");
        let one = open_study(&file).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(one.traces(), ["../other.csv.zst", "twitter-cluster52-slice.csv.zst"]);
        let path = stage(&file, &one, &at("out")).unwrap();
        assert_eq!(path, "input/b/c/x.study.toml");
        // What was there is away: the copy needs nothing of it.
        fs::remove_dir_all(at("a")).unwrap();
        let two = open_study(at("out").join(path)).unwrap_or_else(|error| panic!("{error:?}"));
        assert_eq!(two.hash, one.hash);
        assert_eq!(two.scenario_hash, one.scenario_hash);
        assert!(at("out/input/other.csv.zst").exists());
    }

    #[test]
    fn an_absolute_path_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        written(folder.path(), "pool.toml", POOL);
        let scenario = folder.path().join("pool.toml").display().to_string();
        let change = "'fabric.pool.servers' = [2, 3]";
        written(folder.path(), "x.study.toml", &study(&scenario, change));
        let file = folder.path().join("x.study.toml");
        let one = open_study(&file).unwrap_or_else(|error| panic!("{error:?}"));
        let Err(Refused::Problem(problem)) = stage(&file, &one, &folder.path().join("out")) else {
            panic!("it was taken");
        };
        assert_eq!(problem.message, "other machines do not have this path");
    }
}

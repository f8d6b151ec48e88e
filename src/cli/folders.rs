//! The scenarios of a folder and of the folders below it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many folders below the one that was named are looked into.
const DEEPEST: usize = 8;

/// What the name of a study file ends with, so that folders of scenarios may hold studies.
pub(super) fn is_study(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".study.toml"))
}

/// What is in a folder.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Everything else that is called `*.toml` and is no folder, sorted by path.
    pub files: Vec<PathBuf>,
    /// Studies, which are called `*.study.toml`, sorted by path.
    pub studies: Vec<PathBuf>,
    /// Folders that lie too deep and were not looked into, sorted by path.
    pub too_deep: Vec<PathBuf>,
    /// Folders that could not be read, and why, sorted by path.
    pub unread: Vec<(PathBuf, io::Error)>,
}

impl Found {
    /// Looks into a folder and the folders below it. Links to folders are not followed: they may
    /// lead in a circle, or to a whole disk. Hidden entries are left out.
    pub fn below(folder: &Path) -> Self {
        let mut found = Self::default();
        found.look_into(folder, 0);
        found.files.sort();
        found.studies.sort();
        found.too_deep.sort();
        found.unread.sort_by(|(one, _), (two, _)| one.cmp(two));
        found
    }

    /// Whether there is nothing at all to tell of.
    pub const fn is_empty(&self) -> bool {
        self.files.is_empty() && self.too_deep.is_empty() && self.unread.is_empty()
    }

    fn look_into(&mut self, folder: &Path, depth: usize) {
        if depth > DEEPEST {
            self.too_deep.push(folder.to_path_buf());
            return;
        }
        let unread = |error| (folder.to_path_buf(), error);
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.unread.push(unread(error)),
        };
        for entry in entries {
            match entry.and_then(|entry| Ok((entry.file_type()?, entry))) {
                Ok((_, entry)) if entry.file_name().as_encoded_bytes().starts_with(b".") => {}
                Ok((kind, entry)) if kind.is_dir() => self.look_into(&entry.path(), depth + 1),
                Ok((_, entry)) => self.keep(entry.path()),
                Err(error) => self.unread.push(unread(error)),
            }
        }
    }

    /// A link that leads nowhere, a pipe or a file that may not be read is kept: whoever opens it
    /// says what is wrong, and a drill that is not run must not look like one that holds.
    fn keep(&mut self, path: PathBuf) {
        if path.extension().is_some_and(|end| end == "toml") && !path.is_dir() {
            let list = if is_study(&path) { &mut self.studies } else { &mut self.files };
            list.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_scenarios_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::create_dir_all(at("b/deep.toml/deeper")).unwrap();
        let kept =
            ["a.toml", "b/d.toml", "b/deep.toml/deeper/f.toml", "b/deep.toml/e.toml", "c.toml"];
        for name in kept.iter().rev().chain(&["a.txt", ".hidden.toml"]) {
            fs::write(at(name), "").unwrap();
        }
        let found = Found::below(folder.path());
        assert_eq!(found.files, kept.map(at));
        assert!(found.too_deep.is_empty() && found.unread.is_empty());
    }

    #[test]
    fn the_depth_is_bounded_and_the_bound_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let below = |levels: usize| folder.path().join(["x"; 10][..levels].join("/"));
        fs::create_dir_all(below(9)).unwrap();
        for levels in [8, 9] {
            fs::write(below(levels).join("a.toml"), "").unwrap();
        }
        let found = Found::below(folder.path());
        assert_eq!(found.files, [below(8).join("a.toml")]);
        assert_eq!(found.too_deep, [below(9)]);
    }

    #[test]
    #[cfg(unix)]
    fn links_to_files_count_and_links_to_folders_do_not() {
        use std::os::unix::fs::symlink;
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        symlink(folder.path(), at("circle")).unwrap();
        symlink(folder.path(), at("circle.toml")).unwrap();
        symlink("nowhere", at("dangling.toml")).unwrap();
        symlink("itself.toml", at("itself.toml")).unwrap();
        let found = Found::below(folder.path());
        assert_eq!(found.files, ["dangling.toml", "itself.toml"].map(at));
    }
}

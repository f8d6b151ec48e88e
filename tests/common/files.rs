//! Files of the project, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

/// The files below a folder of the project that end with `.extension`, as paths from its root; studies,
/// which are called `*.study.toml`, only when `study.toml` is asked for.
pub fn below(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        let whole = Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder);
        let entries = fs::read_dir(&whole).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
        for entry in entries {
            let entry = entry.unwrap();
            let path = folder.join(entry.file_name());
            if entry.file_type().unwrap().is_dir() {
                folders.push(path);
            } else if ends_with(&path, extension) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty(), "no *.{extension} in {folder}: nothing would be tested");
    found
}

fn ends_with(path: &Path, extension: &str) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let is_study = name.ends_with(".study.toml");
    name.ends_with(&format!(".{extension}")) && (extension == "study.toml" || !is_study)
}

//! The text of a scenario, with its name.

use crate::problem::Problem;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// The text of a scenario, with the name that problems are reported under.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Source {
    name: String,
    text: String,
    folder: PathBuf,
}

/// Why a scenario could not be opened.
#[derive(Debug)]
pub enum OpenError {
    /// The user's trouble: a wrong name, or a file that is no scenario. Exit code 2. Boxed because
    /// it is large.
    Problem(Box<Problem>),
    /// The world's trouble: a file that may not be read, or a disk that fails. Exit code 74.
    Io {
        /// The file, as it was named.
        path: String,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => problem.fmt(f),
            Self::Io { path, error } => write!(f, "{path} cannot be read: {error}"),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Problem(_) => None,
            Self::Io { error, .. } => Some(error),
        }
    }
}

impl From<Box<Problem>> for OpenError {
    fn from(problem: Box<Problem>) -> Self {
        Self::Problem(problem)
    }
}

impl From<Problem> for OpenError {
    fn from(problem: Problem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Source {
    /// The largest scenario file in bytes: 1 MiB. What people write is a hundredth of that.
    pub const LARGEST: u64 = 1 << 20;

    /// Reads a file. Its size is looked at before its content, so that naming a film by mistake
    /// costs nothing.
    ///
    /// # Errors
    /// [`OpenError::Problem`] when the path does not exist, is not a regular file, is above
    /// [`Source::LARGEST`], is not UTF-8, or holds nothing but blanks and comments;
    /// [`OpenError::Io`] when it may not be read or the system fails.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, OpenError> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let io = |error| OpenError::Io { path: name.clone(), error };
        let meta = match fs::metadata(path) {
            Ok(meta) => meta,
            Err(error) if is_missing(&error) => return Err(missing(&name, path).into()),
            Err(error) => return Err(io(error)),
        };
        if meta.is_dir() {
            let help = format!("name a file in it: `squall run {}`", in_folder(&name));
            return Err(Problem::about(&name, "this is a directory, not a scenario", &help).into());
        }
        if !meta.is_file() {
            let help = "a scenario is a regular file";
            return Err(Problem::about(&name, "this is a device or a pipe", help).into());
        }
        if meta.len() > Self::LARGEST {
            return Err(too_large(&name, meta.len()).into());
        }
        let mut bytes = Vec::new();
        // One byte more than is allowed shows a file that grew in the meantime.
        let file = File::open(path).map_err(io)?;
        file.take(Self::LARGEST + 1).read_to_end(&mut bytes).map_err(io)?;
        let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
        Ok(Self { folder, ..Self::from_bytes(&name, bytes)? })
    }

    /// A scenario from bytes that were read elsewhere; traces are looked for in the working
    /// directory.
    ///
    /// # Errors
    /// A problem when there are too many bytes, or they are not UTF-8, or hold nothing but blanks
    /// and comments.
    pub fn from_bytes(name: &str, bytes: Vec<u8>) -> Result<Self, Box<Problem>> {
        if bytes.len() as u64 > Self::LARGEST {
            return Err(Box::new(too_large(name, bytes.len() as u64)));
        }
        let text = String::from_utf8(bytes).map_err(|error| Box::new(not_utf8(name, &error)))?;
        let source = Self::from_text(name, text);
        if source
            .text
            .lines()
            .all(|line| matches!(line.trim_start().chars().next(), None | Some('#')))
        {
            let help = "a scenario begins with `title = \"...\"` and `question = \"...\"`";
            return Err(Box::new(Problem::about(name, "there is nothing in this file", help)));
        }
        Ok(source)
    }

    /// A scenario from a text as it is; traces are looked for in the working directory.
    #[must_use]
    pub fn from_text(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), folder: PathBuf::new() }
    }

    /// The name, as it was given.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The folder that paths in the file are relative to; empty is the working directory.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

fn is_missing(error: &io::Error) -> bool {
    // A path through a regular file (`a.toml/b.toml`) does not exist either.
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
        || error.kind() == io::ErrorKind::InvalidInput
}

fn in_folder(name: &str) -> String {
    format!("{}/NAME.toml", name.trim_end_matches('/'))
}

/// The nearest name in the same folder is a better help than "check the path".
fn missing(name: &str, path: &Path) -> Problem {
    // A link that is there and leads nowhere: the nearest name would be its own.
    if let Ok(target) = fs::read_link(path) {
        let help = format!("it points to `{}`", target.display());
        return Problem::about(name, "this link leads nowhere", &help);
    }
    let wanted = path.file_name().map(|file| file.to_string_lossy().into_owned());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut there: Vec<String> = fs::read_dir(folder.unwrap_or(Path::new(".")))
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    there.retain(|file| file.ends_with(".toml"));
    there.sort_unstable();
    let near = wanted.and_then(|wanted| crate::words::nearest(&wanted, &there).map(str::to_owned));
    let help = match near {
        Some(file) => format!("there is `{}`", path.with_file_name(file).display()),
        None => "check the path; `ls scenarios` shows what comes with the project".into(),
    };
    Problem::about(name, "there is no such file", &help)
}

fn too_large(name: &str, bytes: u64) -> Problem {
    let message = format!("this file has {bytes} bytes, and a scenario has at most 1 MiB");
    let help =
        "is it a trace? `[load.trace]` names one from a scenario, and `squall replay` reads it";
    Problem::about(name, &message, help)
}

fn not_utf8(name: &str, error: &std::string::FromUtf8Error) -> Problem {
    let at = error.utf8_error().valid_up_to();
    let before = &error.as_bytes()[..at];
    let line = before.split(|&byte| byte == b'\n').count();
    let column = before.iter().rev().take_while(|&&byte| byte != b'\n').count() + 1;
    let message =
        format!("byte {at} (line {line}, byte {column} of it) is not UTF-8, which TOML files are");
    Problem::about(name, &message, "save the file as UTF-8: `iconv -f LATIN1 -t UTF-8`")
}

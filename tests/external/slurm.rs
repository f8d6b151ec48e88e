//! A study on a real Slurm of one node, which this test starts and ends.
//!
//! Needs Debian's `slurm-wlm` and `munge`; `tests/all` installs them.

use super::pool::POOL;
use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Daemons that end with the test.
struct Cluster {
    folder: tempfile::TempDir,
    daemons: Vec<Child>,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for daemon in self.daemons.iter_mut().rev() {
            let _ = Command::new("kill").arg(daemon.id().to_string()).status();
            let _ = daemon.wait();
        }
    }
}

impl Cluster {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        for name in ["state", "spool"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        let mut key = [0; 128];
        File::open("/dev/urandom").unwrap().read_exact(&mut key).unwrap();
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o400)
            .open(path.join("key"))
            .unwrap();
        file.write_all(&key).unwrap();
        fs::write(path.join("slurm.conf"), configuration(&path)).unwrap();
        let mut cluster = Self { folder, daemons: Vec::new() };
        let place = |name: &str| path.join(name).display().to_string();
        let munge = [
            "--foreground".to_owned(),
            "--force".to_owned(),
            format!("--key-file={}", place("key")),
            format!("--socket={}", place("munge.sock")),
            format!("--pid-file={}", place("munge.pid")),
            format!("--seed-file={}", place("munge.seed")),
        ];
        cluster.daemon("munged", &munge);
        cluster.until("the socket of munge", |_| path.join("munge.sock").exists());
        cluster.daemon("slurmctld", &["-D".to_owned()]);
        cluster.daemon("slurmd", &["-D".to_owned(), "-N".to_owned(), host()]);
        cluster.until("an idle node", |cluster| {
            let seen = cluster.command("sinfo").args(["-h", "-o", "%T"]).output().unwrap();
            seen.stdout.trim_ascii() == b"idle"
        });
        cluster
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SLURM_CONF", self.folder.path().join("slurm.conf"));
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        command
    }

    fn daemon(&mut self, program: &str, words: &[String]) {
        let log = File::create(self.folder.path().join(format!("{program}.out"))).unwrap();
        let mut command = self.command(program);
        command.args(words).stdout(log.try_clone().unwrap()).stderr(log);
        let child = command.spawn();
        self.daemons.push(child.unwrap_or_else(|error| {
            panic!("{program} cannot be started ({error}): apt-get install slurm-wlm munge")
        }));
    }

    fn until(&self, what: &str, is: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is(self) {
            if began.elapsed() > Duration::from_secs(60) {
                let log = |name: &str| {
                    fs::read_to_string(self.folder.path().join(name)).unwrap_or_default()
                };
                let (one, two) = (log("slurmctld.out"), log("slurmd.out"));
                panic!("no {what} within a minute\n{one}\n{two}");
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn study(&self, words: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_squall"));
        command.arg("study").args(words);
        command
    }
}

fn asked(program: &str, word: &str) -> String {
    let output = Command::new(program).arg(word).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn host() -> String {
    asked("hostname", "-s")
}

fn user() -> String {
    asked("id", "-un")
}

/// Two ports that nobody listens at.
fn ports() -> [u16; 2] {
    let listeners = [0, 1].map(|_| TcpListener::bind(("localhost", 0)).unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

fn configuration(folder: &Path) -> String {
    let (folder, host, user, [control, node]) = (folder.display(), host(), user(), ports());
    format!(
        "ClusterName=test\nSlurmctldHost={host}(localhost)\nSlurmctldPort={control}\nSlurmdPort={node}\n\
         AuthType=auth/munge\nAuthInfo=socket={folder}/munge.sock\nCredType=cred/munge\n\
         SlurmUser={user}\nSlurmdUser={user}\nStateSaveLocation={folder}/state\n\
         SlurmdSpoolDir={folder}/spool\nSlurmctldPidFile={folder}/slurmctld.pid\n\
         SlurmdPidFile={folder}/slurmd.pid\nProctrackType=proctrack/pgid\nTaskPlugin=task/none\n\
         MpiDefault=none\nSelectType=select/cons_tres\nSelectTypeParameters=CR_CPU\n\
         ReturnToService=2\nAccountingStorageType=accounting_storage/none\n\
         JobAcctGatherType=jobacct_gather/none\n\
         NodeName={host} NodeAddr=localhost CPUs=1 State=UNKNOWN\n\
         PartitionName=all Nodes={host} Default=YES MaxTime=INFINITE State=UP\n"
    )
}

const STUDY: &str = "title = 'Pools'\nquestion = 'What is a server worth?'\nscenario = 'pool.toml'\n\
                     seeds = '1..20'\nchange = { 'fabric.pool.servers' = '2..9 by 1' }\n";

/// Four searches along the load.
const SEARCH: &str = "title = 'Pools'\nquestion = 'What can a server bear?'\nscenario = 'pool.toml'\n\
                      seeds = '1..3'\nfind = 'largest load-factor that holds'\n\
                      vary = { 'load-factor' = '0.5..4 by 0.1', 'fabric.pool.servers' = '2..5 by 1' }\n";

fn good(output: &Output) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
}

fn same(folder: &Path, one: &str, two: &str) {
    for name in ["runs.csv", "runs.jsonl", "study.json", "study.txt", "variants.csv"] {
        let read = |which: &str| fs::read(folder.join(which).join(name)).unwrap();
        assert!(read(one) == read(two), "{name} differs");
    }
}

#[test]
fn a_job_array_makes_the_same_bytes_and_goes_on_after_a_kill() {
    let cluster = Cluster::start();
    let folder = cluster.folder.path().to_path_buf();
    fs::write(folder.join("pool.toml"), POOL).unwrap();
    fs::write(folder.join("a.study.toml"), STUDY).unwrap();
    good(&cluster.study(&["a.study.toml", "--out", "here"]).output().unwrap());
    // A name that a shell would take apart.
    let words = ["a.study.toml", "--out", "it's there", "--engine", "slurm", "--parts", "5"];
    good(&cluster.study(&words).output().unwrap());
    same(&folder, "here", "it's there");

    // The array is cancelled under our hands, when two of its parts are done, and one is cut in the middle.
    let words = ["a.study.toml", "--out", "cut", "--engine", "slurm", "--parts", "5"];
    let child = cluster.study(&words).stderr(Stdio::piped()).spawn().unwrap();
    cluster.until("second part", |_| folder.join("cut/parts/2-of-5/runs.jsonl").exists());
    good(&cluster.command("scancel").args(["--user", &user()]).output().unwrap());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("parts are not done"), "{said}");
    assert!(!folder.join("cut/study.json").exists());
    let output = cluster.study(&words).output().unwrap();
    good(&output);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains(" of 5 parts") && !said.contains("5 of 5 parts"), "{said}");
    same(&folder, "here", "cut");

    // All is there: nothing is submitted.
    let output = cluster.study(&words).output().unwrap();
    good(&output);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("job"));

    // Searches are cut, too: each part has whole ones, and two have none.
    fs::write(folder.join("b.study.toml"), SEARCH).unwrap();
    good(&cluster.study(&["b.study.toml", "--out", "found"]).output().unwrap());
    let words = ["b.study.toml", "--out", "search", "--engine", "slurm", "--parts", "6"];
    let output = cluster.study(&words).output().unwrap();
    good(&output);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("only 4 of 6 parts have work: the study is 4 searches"), "{said}");
    same(&folder, "found", "search");
}

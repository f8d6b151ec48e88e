//! A study on a cluster with Kubernetes: an Indexed Job of its parts, on a volume that all pods share.
//!
//! `kubectl` does what is to be done, as `sbatch` does for Slurm: it knows everybody's contexts and ways to
//! log in. The job's name is made of the study and its folder, so a command that was killed finds its job
//! again. A job is deleted by its uid, and only if this program has created it.

use super::super::out;
use super::parts::{Answer, Cluster, Parts, call, said};
use crate::study::Shards;
use crate::study::kubernetes::{
    Counts, Manifest, NOBODY, Pods, Seen, Stand, Wait, deletion, ended, identity, name, warning,
};
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::{Command, Output};
use std::thread;
use std::time::Duration;

/// How many times the job is asked for each time that its pods are.
const PODS_EVERY: u32 = 3;
/// How often in a row no pod may have an image, before any had one.
const IMAGE_PATIENCE: u32 = 300;
/// How long it is waited, in seconds, until a deleted job's pods have ended. They get 30.
const DELETED: u32 = 90;

/// Kubernetes, and the job that it was given.
pub(super) struct Kubernetes<'a> {
    context: Option<&'a str>,
    pods: Pods,
    /// Where the study is, from the folder of the whole.
    study: &'a str,
    job: Option<Job>,
    polls: u32,
    /// How often in a row nothing ran.
    idle: u32,
    without_image: u32,
    told: BTreeSet<String>,
}

/// The job that is waited for.
#[derive(Clone)]
struct Job {
    name: String,
    namespace: String,
    uid: String,
    /// Whether this program has created it.
    managed: bool,
    /// The parts that it makes.
    shards: Option<Shards>,
}

impl<'a> Kubernetes<'a> {
    /// A cluster that has no job yet. `study` is where pods find the study in the folder of the whole.
    pub fn new(context: Option<&'a str>, pods: Pods, study: &'a str) -> Self {
        let told = BTreeSet::new();
        Self { context, pods, study, job: None, polls: 0, idle: 0, without_image: 0, told }
    }

    /// The manifest of a job of these parts. `managed` says whether this program creates it.
    ///
    /// # Errors
    /// When the study cannot be written down.
    pub fn manifest(
        &self,
        parts: &Parts<'_>,
        open: &[u64],
        managed: bool,
    ) -> Result<String, String> {
        let Parts { header, parts, .. } = *parts;
        Manifest { header, parts, study: self.study, open, pods: &self.pods, managed }.text()
    }

    /// Has kubectl do something.
    fn kubectl(&self, words: &[&str], input: &str) -> Result<Output, String> {
        let mut command = Command::new("kubectl");
        let options =
            [("--context", self.context), ("--namespace", self.pods.namespace.as_deref())];
        for (option, value) in options {
            command.args(value.map(|value| format!("{option}={value}")));
        }
        command.arg("--request-timeout=30s").args(words);
        call(&mut command, input).map_err(|error| match error.kind() {
            ErrorKind::NotFound => "there is no kubectl, by which Kubernetes is told what to do: \
                                    install it and log in to the cluster"
                .to_owned(),
            _ => format!("kubectl cannot be run: {error}"),
        })
    }

    /// What kubectl prints; `None` when that is nothing.
    fn object(&self, words: &[&str], input: &str) -> Result<Option<Seen>, String> {
        let output = self.kubectl(words, input)?;
        if !output.status.success() {
            return Err(refusal(&said(&output)));
        }
        Seen::parse(&output.stdout).map_err(|told| format!("of what kubectl prints: {told}"))
    }

    fn find(&self, name: &str) -> Result<Option<Seen>, String> {
        self.object(&["get", "job", name, "--ignore-not-found", "--output=json"], "")
    }

    /// The pods of a job; an option may choose some of them.
    fn pods_of(&self, job: &Job, option: Option<&str>) -> Option<Vec<Seen>> {
        let selector = format!("--selector=job-name={}", job.name);
        let words = ["get", "pods", &selector, "--output=json"];
        let words: Vec<&str> = words.into_iter().chain(option).collect();
        self.object(&words, "").ok().flatten().map(Seen::items)
    }

    /// Looks whether there is a volume that all pods can write to.
    fn look_at_claim(&self) -> Result<(), String> {
        let claim = &self.pods.claim;
        let found = self.object(
            &["get", "persistentvolumeclaim", claim, "--ignore-not-found", "--output=json"],
            "",
        );
        let found = match found {
            // Who may not look at claims may still use one.
            Err(told) if told.contains("(Forbidden)") => return Ok(()),
            found => found?,
        };
        let Some(found) = found else {
            return Err(format!(
                "there is no PersistentVolumeClaim {claim} in this namespace: `kubectl get pvc` lists them"
            ));
        };
        if !found.is_for_many() {
            out::note(&format!(
                "note: the claim {claim} is not ReadWriteMany: all pods must run on one node\n"
            ));
        }
        Ok(())
    }

    /// A job of this name that is there already: `None` when there is none, or none any more.
    fn earlier(&self, name: &str, identity: &str) -> Result<Option<Job>, String> {
        let Some(found) = self.find(name)? else {
            return Ok(None);
        };
        if !found.is_of(identity) {
            return Err(format!(
                "there is a job {name} that is not of this study: delete it, or name another folder"
            ));
        }
        let job = Job::of(&found);
        if found.is_being_deleted() {
            self.gone(&job)?;
            return Ok(None);
        }
        if found.stand() == Stand::Running {
            return Ok(Some(job));
        }
        if !job.managed {
            return Err(format!(
                "job {name} is over and some of its parts are not done. It was not created by this \
                 program: delete it, and apply what --manifest prints now"
            ));
        }
        self.delete(&job)?;
        Ok(None)
    }

    /// Deletes a job and its pods, and waits until they have ended.
    fn delete(&self, job: &Job) -> Result<(), String> {
        let Job { name, namespace, uid, .. } = job;
        let path = format!("/apis/batch/v1/namespaces/{namespace}/jobs/{name}");
        let output = self.kubectl(&["delete", "--raw", &path, "--filename=-"], &deletion(uid))?;
        let refused = said(&output);
        // It is gone, or the name is another job's by now.
        let is_gone = refused.contains("(NotFound)") || refused.contains("(Conflict)");
        if !output.status.success() && !is_gone {
            return Err(format!("job {name} cannot be deleted: {}", refusal(&refused)));
        }
        self.gone(job)
    }

    /// Waits until a job that is being deleted is not there any more.
    fn gone(&self, job: &Job) -> Result<(), String> {
        let name = &job.name;
        for _ in 0..DELETED {
            match self.find(name)? {
                Some(there) if there.uid() == job.uid => {
                    thread::sleep(Duration::from_secs(1));
                }
                _ => return Ok(()),
            }
        }
        Err(format!(
            "job {name} is deleted, but after {DELETED} seconds some of its pods still run"
        ))
    }

    /// Tells once of each kind of reason for which pods do not begin.
    fn tell_of_waiting(
        &mut self,
        job: &Job,
        counts: Counts,
        tell: &dyn Fn(&str),
    ) -> Result<(), String> {
        let Some(pods) = self.pods_of(job, Some("--field-selector=status.phase=Pending")) else {
            return Ok(());
        };
        let idle = counts.done == 0 && counts.active <= pods.len() as u64;
        self.idle = if idle { self.idle + 1 } else { 0 };
        let waits: Vec<Wait> = pods.iter().filter_map(Seen::waiting).collect();
        for wait in &waits {
            // On a full cluster pods wait for others; only if none runs nobody knows how long.
            let worth = wait.is_image || self.idle > 1;
            if worth && self.told.insert(wait.kind.clone()) {
                tell(&format!("waiting: {}\n", wait.why));
            }
        }
        if self.idle > 1 {
            // No pod may be admitted at all, or one that has a node say nothing of what it lacks.
            let silent = pods.iter().find(|pod| pod.waiting().is_none()).map(Seen::name);
            let job = pods.is_empty().then_some(job.name.as_str());
            job.into_iter().chain(silent).for_each(|name| self.tell_of_warning(name, tell));
        }
        if let Some(wait) = waits.iter().find(|wait| wait.hopeless) {
            return Err(format!("{}: name another --image", wait.why));
        }
        let image = waits.iter().find(|wait| wait.is_image && idle);
        self.without_image = if image.is_some() { self.without_image + PODS_EVERY } else { 0 };
        match image {
            Some(wait) if self.without_image > IMAGE_PATIENCE => {
                Err(format!("{} minutes without an image: {}", IMAGE_PATIENCE / 60, wait.why))
            }
            _ => Ok(()),
        }
    }

    /// Tells of the last thing that the cluster found wrong with a job or a pod: a quota or a policy that
    /// admits no pods, a volume that cannot be mounted.
    fn tell_of_warning(&mut self, name: &str, tell: &dyn Fn(&str)) {
        let selector = format!("--field-selector=involvedObject.name={name},type=Warning");
        let found = self.object(&["get", "events", &selector, "--output=json"], "");
        let events = found.ok().flatten().map(Seen::items).unwrap_or_default();
        if let Some((kind, why)) = warning(&events)
            && self.told.insert(kind)
        {
            tell(&format!("waiting: {name}: {why}\n"));
        }
    }
}

impl Job {
    fn of(found: &Seen) -> Self {
        Self {
            name: found.name().to_owned(),
            namespace: found.namespace().to_owned(),
            uid: found.uid().to_owned(),
            managed: found.is_managed(),
            shards: found.shards(),
        }
    }
}

impl Cluster for Kubernetes<'_> {
    fn submit(&mut self, parts: &Parts<'_>, open: &[u64]) -> Result<String, String> {
        let identity = identity(parts.header, parts.parts, &self.pods)?;
        let job = match self.earlier(&name(&identity), &identity)? {
            Some(job) => {
                out::note(&format!("job {} is there since an earlier command\n", job.name));
                job
            }
            None => {
                self.look_at_claim()?;
                let manifest = self.manifest(parts, open, true)?;
                let made = self.object(&["create", "--filename=-", "--output=json"], &manifest)?;
                Job::of(&made.ok_or("kubectl says nothing of the job that it has made")?)
            }
        };
        let name = format!("{} in namespace {}", job.name, job.namespace);
        self.job = Some(job);
        Ok(name)
    }

    fn ask(&mut self, tell: &dyn Fn(&str)) -> Result<Answer, String> {
        let Some(job) = self.job.clone() else {
            return Ok(Answer::Over(false));
        };
        let there = match self.find(&job.name) {
            Ok(there) => there,
            Err(told) => return Ok(Answer::Nothing(told)),
        };
        let Some(there) = there.filter(|there| there.uid() == job.uid) else {
            tell(&format!("job {} was deleted by somebody else\n", job.name));
            self.job = None;
            return Ok(Answer::Over(false));
        };
        let counts = there.counts();
        match there.stand() {
            Stand::Complete => return Ok(Answer::Over(true)),
            Stand::Failed => {
                let why = there.failure().unwrap_or_default();
                tell(&format!("job {} has failed: {why}\n", job.name));
                return Ok(Answer::Over(false));
            }
            Stand::Running => {}
        }
        if self.polls.is_multiple_of(PODS_EVERY) {
            self.tell_of_waiting(&job, counts, tell)?;
        }
        self.polls += 1;
        Ok(Answer::Running)
    }

    fn cancel(&mut self) {
        match self.job.take() {
            Some(job) if job.managed => {
                if let Err(told) = self.delete(&job) {
                    out::complain(&told);
                }
            }
            Some(job) => {
                let name = job.name;
                out::note(&format!("job {name} goes on: it was not created by this program\n"));
            }
            None => {}
        }
    }

    /// A job that made everything is deleted. One that failed stays for a day, to be looked at.
    fn over(&mut self, all: bool) {
        if let Some(job) = self.job.take_if(|job| all && job.managed)
            && let Err(told) = self.delete(&job)
        {
            out::note(&format!("note: {told}\n"));
        }
    }

    fn said(&mut self, parts: &Parts<'_>, part: u64) -> String {
        let Some(job) = &self.job else {
            return String::new();
        };
        let place = job.shards.as_ref().and_then(|shards| shards.place(part));
        let pods = self.pods_of(job, None).unwrap_or_default();
        let mut lines = ended(&pods, place).unwrap_or_default();
        if fs::read_dir(parts.all()).is_ok_and(|mut entries| entries.next().is_none()) {
            let Pods { claim, folder, .. } = &self.pods;
            let folder = if folder.is_empty() { "the root" } else { folder };
            lines +=
                &format!("  pods left nothing in --out: is it {folder} of the claim {claim}?\n");
        }
        lines
    }
}

/// What kubectl says, with what can be done about it.
fn refusal(said: &str) -> String {
    // kubectl logs each of its attempts, such as `E1129 15:27:11.4 19827 memcache.go:265] ...`.
    let is_log = |line: &&str| {
        let mut letters = line.chars();
        letters.next().is_some_and(|c| "EWIF".contains(c))
            && letters.by_ref().take(4).filter(char::is_ascii_digit).count() == 4
    };
    let spoken: Vec<&str> = said.lines().filter(|line| !is_log(line)).collect();
    let said = if spoken.is_empty() { said.to_owned() } else { spoken.join("\n") };
    let help = if said.contains("(Forbidden)") {
        "\n  a study must be allowed to get, create and delete jobs, and to list pods"
    } else if said.contains("unknown field") {
        "\n  Kubernetes 1.26 is the oldest that knows all of the job"
    } else if said.contains("violates PodSecurity") {
        "\n  the pods ask for what `restricted` admits; this namespace wants more"
    } else if ["connection refused", "was refused", "Unable to connect", "no such host"]
        .iter()
        .any(|word| said.contains(word))
    {
        "\n  no cluster answers: `kubectl cluster-info` asks for it, KUBECONFIG and --context name it"
    } else {
        ""
    };
    format!("kubectl: {said}{help}")
}

/// User and group by whom the folder of the parts, which is made, can be written to. What belongs to root is
/// given to somebody else, as no pod may be root.
///
/// # Errors
/// What the system says.
pub(super) fn writer(folder: &Path) -> io::Result<(u32, u32)> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let there = fs::metadata(folder)?;
        if there.uid() != 0 {
            return Ok((there.uid(), there.gid()));
        }
        chown(folder, Some(NOBODY), Some(NOBODY))?;
    }
    Ok((NOBODY, NOBODY))
}

//! A stand-in for a cluster with Kubernetes: Indexed Jobs whose pods are processes of this machine.
//!
//! It answers what `--engine kubernetes` asks kubectl, as API server, job controller, scheduler and kubelet
//! would together: parallelism, the backoff limit, failure by exit code, deletion by uid, images that are not
//! there and pods that no node has room for. What it is given must satisfy the published schema.

use crate::schema;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The schema of a Job, as Kubernetes publishes it.
pub const SCHEMA: &str = include_str!("job-1.37.schema.json");
/// Processors of the one node.
const PROCESSORS: u64 = 8;

/// A cluster that ends with the test.
pub struct Cluster {
    /// The folder with everything; the volume of the claim `studies` is `volume` in it.
    pub folder: tempfile::TempDir,
    state: Arc<Mutex<State>>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<String, Job>,
    /// Every job that was ever created.
    created: Vec<Value>,
}

struct Job {
    object: Value,
    pods: Vec<Pod>,
    made: BTreeSet<u64>,
    end: Option<Value>,
}

struct Pod {
    name: String,
    index: u64,
    child: Option<Child>,
    /// Why it does not begin.
    waiting: Option<&'static str>,
    /// The exit code of one that ended.
    code: Option<i32>,
    log: PathBuf,
}

impl Cluster {
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().to_path_buf();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        for name in ["bin", "asked", "logs", "volume"] {
            fs::create_dir(path.join(name)).unwrap();
        }
        // Pods have another user than root, who may not reach the folder that this program was built in.
        fs::copy(env!("CARGO_BIN_EXE_squall"), path.join("image")).unwrap();
        let relay = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/external/kubernetes/relay");
        fs::copy(relay, path.join("bin/kubectl")).unwrap();
        let (state, ends) =
            (Arc::new(Mutex::new(State::default())), Arc::new(AtomicBool::new(false)));
        let (theirs, stop) = (Arc::clone(&state), Arc::clone(&ends));
        let thread = thread::spawn(move || {
            while !stop.load(Ordering::SeqCst) {
                theirs.lock().unwrap().step(&path);
                thread::sleep(Duration::from_millis(20));
            }
        });
        Self { folder, state, ends, thread: Some(thread) }
    }

    /// `squall study` with kubectl and the volume's folder at hand.
    pub fn study(&self, words: &[&str]) -> Command {
        let path = self.folder.path();
        let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
        let before = path.join("bin").display().to_string();
        command.env("PATH", format!("{before}:{}", std::env::var("PATH").unwrap()));
        command.env("STAND_IN", path.join("asked"));
        command.arg("study").args(words).current_dir(path.join("volume"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The jobs that are there.
    pub fn jobs(&self) -> Vec<String> {
        self.state.lock().unwrap().jobs.keys().cloned().collect()
    }

    /// Every manifest that was ever applied.
    pub fn created(&self) -> Vec<Value> {
        self.state.lock().unwrap().created.clone()
    }

    /// Applies a manifest, as somebody else would.
    pub fn apply(&self, manifest: &Value) {
        self.state.lock().unwrap().create(&manifest.to_string(), "default").unwrap();
    }

    /// Puts a job there that nobody asked for.
    pub fn plant(&self, name: &str) {
        let object =
            json!({ "metadata": { "name": name, "namespace": "default", "uid": "planted" } });
        let job = Job { object, pods: Vec::new(), made: BTreeSet::new(), end: None };
        self.state.lock().unwrap().jobs.insert(name.to_owned(), job);
    }

    /// Kills a pod that runs, as a lack of memory would, and says whether there was one.
    pub fn kill_a_pod(&self) -> bool {
        let mut state = self.state.lock().unwrap();
        let pods = state.jobs.values_mut().flat_map(|job| &mut job.pods);
        let child = pods.filter_map(|pod| pod.child.as_mut()).next();
        child.map(|child| child.kill().unwrap()).is_some()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
        if let Ok(mut state) = self.state.lock() {
            state.jobs.values_mut().for_each(Job::stop);
        }
    }
}

type Answer = Result<String, String>;

impl State {
    fn step(&mut self, folder: &Path) {
        for entry in fs::read_dir(folder.join("asked")).unwrap() {
            let asked = entry.unwrap().path();
            let is_open = asked.file_name().unwrap().to_string_lossy().starts_with("ask-")
                && !asked.join("code").exists();
            if is_open {
                let words = fs::read_to_string(asked.join("words")).unwrap();
                let input = fs::read_to_string(asked.join("input")).unwrap();
                let words: Vec<&str> = words.lines().collect();
                let answer = self.answer(&words, &input);
                fs::write(asked.join("out"), answer.as_deref().unwrap_or_default()).unwrap();
                fs::write(asked.join("err"), answer.as_ref().err().map_or("", |told| told))
                    .unwrap();
                fs::write(asked.join("code.new"), if answer.is_ok() { "0" } else { "1" }).unwrap();
                fs::rename(asked.join("code.new"), asked.join("code")).unwrap();
            }
        }
        self.jobs.values_mut().for_each(|job| job.step(folder));
    }

    fn answer(&mut self, words: &[&str], input: &str) -> Answer {
        let option = |name: &str| words.iter().find_map(|word| word.strip_prefix(name));
        let plain: Vec<&str> =
            words.iter().copied().filter(|word| !word.starts_with("--")).collect();
        if option("--context=") == Some("forbidden") {
            let what = "jobs.batch is forbidden: User \"u\" cannot get resource \"jobs\"";
            return Err(format!("Error from server (Forbidden): {what}\n"));
        }
        match plain[..] {
            ["create"] => self.create(input, option("--namespace=").unwrap_or("default")),
            ["get", "job", name] => {
                Ok(self.jobs.get(name).map_or(String::new(), |job| job.shown().to_string()))
            }
            ["get", "persistentvolumeclaim", "studies"] => {
                Ok(json!({ "spec": { "accessModes": ["ReadWriteMany"] } }).to_string())
            }
            ["get", "persistentvolumeclaim", _] => Ok(String::new()),
            ["get", "pods"] => {
                let name = option("--selector=job-name=").unwrap();
                let wanted = option("--field-selector=status.phase=");
                let pods = self.jobs.get(name).map_or(Vec::new(), Job::pods_shown);
                let phase = |pod: &Value| pod["status"]["phase"].as_str().map(str::to_owned);
                let is = |pod: &Value| wanted.is_none() || phase(pod).as_deref() == wanted;
                let pods: Vec<Value> = pods.into_iter().filter(is).collect();
                Ok(json!({ "items": pods }).to_string())
            }
            ["get", "events"] => {
                let name = option("--field-selector=involvedObject.name=").unwrap();
                let job = self.jobs.get(name.strip_suffix(",type=Warning").unwrap());
                let message = "pods are forbidden: exceeded quota: pods";
                let event = json!({ "reason": "FailedCreate", "message": message });
                let events = if job.is_some_and(Job::is_over_quota) { vec![event] } else { vec![] };
                Ok(json!({ "items": events }).to_string())
            }
            // The path stands behind `--raw`.
            ["delete", path] => self.delete(path, &serde_json::from_str(input).unwrap()),
            _ => panic!("kubectl is asked something that the stand-in does not know: {words:?}"),
        }
    }

    fn create(&mut self, input: &str, namespace: &str) -> Answer {
        let mut object: Value = serde_json::from_str(input).unwrap();
        schema::assert_valid(SCHEMA, &object);
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        if self.jobs.contains_key(&name) {
            return Err("Error from server (AlreadyExists): jobs.batch already exists\n".into());
        }
        self.created.push(object.clone());
        object["metadata"]["uid"] = json!(format!("uid-{}", self.created.len()));
        object["metadata"]["namespace"] = json!(namespace);
        let printed = object.to_string();
        let job = Job { object, pods: Vec::new(), made: BTreeSet::new(), end: None };
        self.jobs.insert(name, job);
        Ok(printed)
    }

    fn delete(&mut self, path: &str, options: &Value) -> Answer {
        let (namespace, name) = path
            .strip_prefix("/apis/batch/v1/namespaces/")
            .and_then(|rest| rest.split_once("/jobs/"))
            .unwrap();
        let Some(job) = self.jobs.get_mut(name) else {
            return Err("Error from server (NotFound): jobs.batch not found\n".into());
        };
        assert_eq!(job.object["metadata"]["namespace"], namespace);
        if job.object["metadata"]["uid"] != options["preconditions"]["uid"] {
            return Err(
                "Error from server (Conflict): the UID in the precondition differs\n".into()
            );
        }
        job.stop();
        self.jobs.remove(name);
        Ok("{}".into())
    }
}

impl Job {
    /// The cluster goes on a little.
    fn step(&mut self, folder: &Path) {
        if self.end.is_some() || self.object.get("spec").is_none() {
            return;
        }
        for pod in &mut self.pods {
            let status = pod.child.as_mut().and_then(|child| child.try_wait().unwrap());
            if let Some(status) = status {
                pod.child = None;
                pod.code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
                if pod.code == Some(0) {
                    self.made.insert(pod.index);
                }
            }
        }
        let number = |pointer: &str| self.object.pointer(pointer).unwrap().as_u64().unwrap();
        let all = number("/spec/completions");
        let failed = self.pods.iter().filter(|pod| pod.has_failed()).count() as u64;
        let values = "/spec/podFailurePolicy/rules/1/onExitCodes/values";
        let fatal = self.object.pointer(values).unwrap().as_array().unwrap();
        let ends = |pod: &Pod| pod.code.is_some_and(|code| fatal.contains(&json!(code)));
        if self.pods.iter().any(ends) {
            return self.end_with("Failed", "PodFailurePolicy");
        }
        if failed > number("/spec/backoffLimit") {
            return self.end_with("Failed", "BackoffLimitExceeded");
        }
        if self.made.len() as u64 == all {
            return self.end_with("Complete", "CompletionsReached");
        }
        let at_once = number("/spec/parallelism");
        for index in 0..if self.is_over_quota() { 0 } else { all } {
            let active = self.pods.iter().filter(|pod| pod.is_active()).count() as u64;
            let taken = self.pods.iter().any(|pod| pod.is_active() && pod.index == index);
            if active < at_once && !taken && !self.made.contains(&index) {
                let pod = self.pod(index, folder);
                self.pods.push(pod);
            }
        }
    }

    fn pod(&self, index: u64, folder: &Path) -> Pod {
        let spec = &self.object["spec"]["template"]["spec"];
        let container = &spec["containers"][0];
        let words =
            |pointer: &str| container.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let name = format!("{}-{index}-{}", self.name(), self.pods.len());
        let log = folder.join("logs").join(&name);
        let mut pod = Pod { name, index, child: None, waiting: None, code: None, log };
        if words("/image").starts_with("missing") {
            pod.waiting = Some("ErrImagePull");
        } else if words("/resources/requests/cpu").parse::<u64>().unwrap() > PROCESSORS {
            pod.waiting = Some("Unschedulable");
        } else {
            let mount = &container["volumeMounts"][0];
            let at = mount["mountPath"].as_str().unwrap();
            let volume = folder.join("volume").join(mount["subPath"].as_str().unwrap_or(""));
            let local = |word: &Value| {
                let word = word.as_str().unwrap().to_owned();
                word.strip_prefix(at)
                    .map_or(word.clone(), |rest| format!("{}{rest}", volume.display()))
            };
            let user =
                |key: &str| u32::try_from(spec["securityContext"][key].as_u64().unwrap()).unwrap();
            let output = File::create(&pod.log).unwrap();
            let mut command = Command::new(folder.join("image"));
            command
                .args(container["args"].as_array().unwrap().iter().map(local))
                .env_clear()
                .env("JOB_COMPLETION_INDEX", index.to_string())
                .current_dir("/")
                .uid(user("runAsUser"))
                .gid(user("runAsGroup"))
                .stdin(Stdio::null())
                .stdout(output.try_clone().unwrap())
                .stderr(output);
            pod.child = Some(command.spawn().unwrap());
        }
        pod
    }

    /// The namespace `full` has no room for pods.
    fn is_over_quota(&self) -> bool {
        self.object["metadata"]["namespace"] == "full"
    }

    fn name(&self) -> &str {
        self.object["metadata"]["name"].as_str().unwrap()
    }

    /// Ends all pods as a kubelet does.
    fn stop(&mut self) {
        for child in self.pods.iter_mut().filter_map(|pod| pod.child.as_mut()) {
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let _ = child.wait();
        }
        self.pods.clear();
    }

    fn end_with(&mut self, kind: &str, reason: &str) {
        for pod in &mut self.pods {
            if let Some(mut child) = pod.child.take() {
                let _ = child.kill();
                pod.code = child.wait().unwrap().code().or(Some(137));
            }
        }
        let message = "the stand-in says so";
        self.end =
            Some(json!({ "type": kind, "status": "True", "reason": reason, "message": message }));
    }

    fn shown(&self) -> Value {
        let mut object = self.object.clone();
        let count = |is: &dyn Fn(&Pod) -> bool| self.pods.iter().filter(|pod| is(pod)).count();
        object["status"] = json!({
            "succeeded": self.made.len(),
            "failed": count(&Pod::has_failed),
            "active": count(&Pod::is_active),
            "ready": count(&|pod| pod.child.is_some()),
        });
        if let Some(end) = &self.end {
            object["status"]["conditions"] = json!([end]);
        }
        object
    }

    fn pods_shown(&self) -> Vec<Value> {
        let container = &self.object["spec"]["template"]["spec"]["containers"][0];
        self.pods.iter().map(|pod| pod.shown(container)).collect()
    }
}

impl Pod {
    fn is_active(&self) -> bool {
        self.code.is_none()
    }

    fn has_failed(&self) -> bool {
        self.code.is_some_and(|code| code != 0)
    }

    fn shown(&self, container: &Value) -> Value {
        let mut status = json!({ "phase": match (self.waiting, self.code) {
            (Some(_), _) => "Pending",
            (None, None) => "Running",
            (None, Some(0)) => "Succeeded",
            (None, Some(_)) => "Failed",
        } });
        let state = |state: Value| json!([{ "name": container["name"], "state": state }]);
        match (self.waiting, self.code) {
            (Some("Unschedulable"), _) => {
                status["conditions"] = json!([{
                    "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
                    "message": "0/1 nodes are available: 1 Insufficient cpu.",
                }]);
            }
            (Some(reason), _) => {
                let message = "failed to pull and unpack image: not found";
                status["containerStatuses"] =
                    state(json!({ "waiting": { "reason": reason, "message": message } }));
            }
            (None, Some(code)) => {
                let log = fs::read_to_string(&self.log).unwrap();
                status["containerStatuses"] = state(json!({ "terminated": {
                    "exitCode": code, "reason": "Error", "message": log,
                } }));
            }
            (None, None) => {}
        }
        let index = self.index.to_string();
        json!({
            "metadata": {
                "name": self.name,
                "annotations": { "batch.kubernetes.io/job-completion-index": index },
            },
            "spec": { "containers": [container] },
            "status": status,
        })
    }
}

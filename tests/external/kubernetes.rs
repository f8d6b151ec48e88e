//! A study on a cluster with Kubernetes: its manifest against the published schema, and its life on a
//! stand-in for a cluster (`kubernetes/stand_in.rs`), or on a real one that is named.
//!
//! `SQUALL_KUBERNETES=FOLDER` with `SQUALL_KUBERNETES_IMAGE` and `SQUALL_KUBERNETES_VOLUME` (as `--volume`
//! takes it) runs a study on the cluster of kubectl's context; FOLDER is where that volume is seen here.
//! `tests/external/kubernetes/real` starts such a cluster.

mod stand_in;

use super::pool::POOL;
use super::schema;
use serde_json::{Value, json};
use stand_in::{Cluster, SCHEMA};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const STUDY: &str = "title = 'Pools'\nquestion = 'What is a server worth?'\nscenario = '../pool.toml'\n\
                     seeds = '1..20'\nchange = { 'fabric.pool.servers' = '2..9 by 1' }\n";

/// The same with enough runs to be interrupted in.
const LONG: &str = "1..300";

/// The words of a study in five parts; the volume's folder is where it is called.
fn words(out: &str) -> Vec<String> {
    let fixed =
        ["studies/a.study.toml", "--engine", "kubernetes", "--parts", "5", "--image", "squall:1"];
    let mut words: Vec<String> = fixed.iter().map(|&word| word.to_owned()).collect();
    words.extend(["--out".into(), out.into(), "--volume".into(), format!("studies:{out}")]);
    words
}

fn study(cluster: &Cluster, out: &str, more: &[&str]) -> Command {
    let words = words(out);
    let words: Vec<&str> = words.iter().map(String::as_str).chain(more.iter().copied()).collect();
    cluster.study(&words)
}

fn started() -> Cluster {
    let cluster = Cluster::start();
    laid(&cluster.folder.path().join("volume"));
    cluster
}

fn laid(folder: &Path) {
    fs::create_dir_all(folder.join("studies")).unwrap();
    fs::write(folder.join("pool.toml"), POOL).unwrap();
    fs::write(folder.join("studies/a.study.toml"), STUDY).unwrap();
}

/// A study that takes some seconds in all.
fn started_long() -> Cluster {
    let cluster = started();
    let file = cluster.folder.path().join("volume/studies/a.study.toml");
    fs::write(file, STUDY.replace("1..20", LONG)).unwrap();
    cluster
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn ended(command: &mut Command, code: i32) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{}", said(&output));
    said(&output)
}

fn until(what: &str, is: impl Fn() -> bool) {
    let began = Instant::now();
    while !is() {
        assert!(began.elapsed() < Duration::from_secs(60), "no {what} within a minute");
        thread::sleep(Duration::from_millis(10));
    }
}

fn interrupted(child: Child) -> String {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130), "{}", said(&output));
    said(&output)
}

fn same(one: &Path, two: &Path) {
    for name in ["runs.csv", "runs.jsonl", "study.json", "study.txt", "variants.csv"] {
        assert!(
            fs::read(one.join(name)).unwrap() == fs::read(two.join(name)).unwrap(),
            "{name} differs"
        );
    }
}

/// Which parts a job makes.
fn parts(manifest: &Value) -> String {
    let args = manifest.pointer("/spec/template/spec/containers/0/args").unwrap();
    let args: Vec<&str> =
        args.as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    let at = args.iter().position(|word| *word == "--shard-by-index").unwrap();
    args[at + 1].to_owned()
}

fn manifest(cluster: &Cluster, more: &[&str]) -> Value {
    let output = study(cluster, "m", &[more, &["--manifest"]].concat()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn the_manifest_satisfies_the_published_schema() {
    let cluster = started();
    let plain = manifest(&cluster, &[]);
    schema::assert_valid(SCHEMA, &plain);
    let all = ["--namespace", "n", "--cpu", "1500m", "--memory", "1Gi", "--parallelism", "2"];
    let full = manifest(&cluster, &all);
    schema::assert_valid(SCHEMA, &full);
    assert_eq!(full["metadata"]["namespace"], "n");
    assert_eq!(full["spec"]["parallelism"], 2);
    let container = &full["spec"]["template"]["spec"]["containers"][0];
    let asked = json!({ "cpu": "1500m", "memory": "1Gi" });
    assert_eq!(container["resources"], json!({ "requests": asked, "limits": asked }));
    assert_eq!(container["args"].as_array().unwrap().last().unwrap(), "2");
    assert!(cluster.created().is_empty());

    // The schema finds what is misspelt, wherever it stands.
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&plain));
    for (place, wrong) in [
        ("/spec", "completionmode"),
        ("/spec/podFailurePolicy/rules/1/onExitCodes", "value"),
        ("/spec/template/spec", "restartpolicy"),
        ("/spec/template/spec/containers/0", "arg"),
        ("/spec/template/spec/securityContext", "runAsNonroot"),
        ("/spec/template/spec/containers/0/volumeMounts/0", "subpath"),
    ] {
        let mut changed = plain.clone();
        changed.pointer_mut(place).unwrap()[wrong] = json!("Indexed");
        assert!(!validator.is_valid(&changed), "{place}/{wrong}");
    }
    let mut changed = plain.clone();
    changed["spec"]["completions"] = json!("5");
    assert!(!validator.is_valid(&changed));
}

/// The Pod Security Standard `restricted`, and what makes parts of indices.
#[test]
fn pods_are_restricted_and_each_index_is_a_part() {
    let cluster = started();
    let job = manifest(&cluster, &[]);
    let pod = &job["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert!(pod["securityContext"]["runAsUser"].as_u64().unwrap() > 0);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["capabilities"], json!({ "drop": ["ALL"] }));
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    // Only volumes that the standard admits.
    let claim = json!({ "claimName": "studies" });
    assert_eq!(pod["volumes"], json!([{ "name": "study", "persistentVolumeClaim": claim }]));
    let name = job["metadata"]["name"].as_str().unwrap();
    assert!(
        format!("{name}-99999").len() <= 63
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    );
    let spec = &job["spec"];
    assert_eq!((&spec["completionMode"], &spec["completions"]), (&json!("Indexed"), &json!(5)));
    // A failure policy needs pods that are not started again where they are.
    assert_eq!(pod["restartPolicy"], "Never");
    assert_eq!(parts(&job), "1-5/5");
    // What pods read is there, in the same places relative to one another.
    let volume = cluster.folder.path().join("volume");
    assert_eq!(container["args"][1], "/study/input/studies/a.study.toml");
    for name in ["studies/a.study.toml", "pool.toml"] {
        let read = |path: &Path| fs::read(path.join(name)).unwrap();
        assert!(read(&volume) == read(&volume.join("m/input")), "{name}");
    }
}

#[test]
fn a_job_makes_the_same_bytes_and_is_gone() {
    let cluster = started();
    let volume = cluster.folder.path().join("volume");
    ended(&mut cluster.study(&["studies/a.study.toml", "--out", "here"]), 0);
    let told = ended(&mut study(&cluster, "there", &["--parallelism", "2"]), 0);
    assert!(told.contains(" in namespace default: 5 of 5 parts"), "{told}");
    same(&volume.join("here"), &volume.join("there"));
    assert_eq!(cluster.jobs(), Vec::<String>::new());
    assert_eq!(
        cluster.created()[0]["metadata"]["labels"]["app.kubernetes.io/managed-by"],
        "squall"
    );
    // All is there: nothing is submitted.
    let told = ended(&mut study(&cluster, "there", &[]), 0);
    assert!(!told.contains("job"), "{told}");
    assert_eq!(cluster.created().len(), 1);
}

#[test]
fn a_killed_command_finds_its_job_again_and_a_killed_pod_is_made_again() {
    let cluster = started_long();
    let volume = cluster.folder.path().join("volume");
    ended(&mut cluster.study(&["studies/a.study.toml", "--out", "here"]), 0);
    let mut child = study(&cluster, "cut", &["--parallelism", "1"]).spawn().unwrap();
    until("second part", || volume.join("cut/parts/2-of-5/runs.jsonl").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(cluster.jobs().len(), 1, "the job goes on without its command");
    until("pod to kill", || cluster.kill_a_pod());
    let told = ended(&mut study(&cluster, "cut", &["--parallelism", "1"]), 0);
    assert!(told.contains("is there since an earlier command"), "{told}");
    assert_eq!(cluster.created().len(), 1);
    assert_eq!(cluster.jobs(), Vec::<String>::new());
    same(&volume.join("here"), &volume.join("cut"));
}

#[test]
fn an_interruption_deletes_the_job_and_the_rest_is_made_later() {
    let cluster = started_long();
    let volume = cluster.folder.path().join("volume");
    ended(&mut cluster.study(&["studies/a.study.toml", "--out", "here"]), 0);
    let child = study(&cluster, "cut", &["--parallelism", "1"]).spawn().unwrap();
    until("third part", || volume.join("cut/parts/3-of-5/runs.jsonl").exists());
    let told = interrupted(child);
    assert!(told.contains("the same command goes on with the parts that are not done"), "{told}");
    assert_eq!(cluster.jobs(), Vec::<String>::new());
    assert!(!volume.join("cut/study.json").exists());
    ended(&mut study(&cluster, "cut", &[]), 0);
    let created = cluster.created();
    assert_eq!(created.len(), 2);
    assert_eq!(created[0]["metadata"]["name"], created[1]["metadata"]["name"]);
    // The first two are done, the last is not; a loaded machine makes some of the others meanwhile.
    let rest = parts(&created[1]);
    assert!(["3-5/5", "4-5/5", "5/5"].contains(&rest.as_str()), "{rest}");
    same(&volume.join("here"), &volume.join("cut"));
}

#[test]
fn what_keeps_pods_from_beginning_is_told() {
    let cluster = started();
    for (more, wanted) in [
        (
            ["--image", "missing/squall"],
            "has no image missing/squall: ErrImagePull: failed to pull",
        ),
        (
            ["--cpu", "9"],
            "has no node: Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.",
        ),
        (["--namespace", "full"], ": FailedCreate: pods are forbidden: exceeded quota: pods"),
    ] {
        let mut words = words("stuck");
        words.retain(|word| more[0] != "--image" || (word != "--image" && word != "squall:1"));
        let words: Vec<&str> = words.iter().map(String::as_str).chain(more).collect();
        let log = cluster.folder.path().join("told");
        let errors = File::create(&log).unwrap();
        let child = cluster.study(&words).stderr(errors).spawn().unwrap();
        let told = || fs::read_to_string(&log).unwrap();
        until("reason", || told().contains("waiting: "));
        // The same is not told again.
        thread::sleep(Duration::from_secs(5));
        interrupted(child);
        let told = told();
        assert_eq!(told.matches("waiting: ").count(), 1, "{told}");
        assert!(told.contains(wanted), "{told}");
        assert_eq!(cluster.jobs(), Vec::<String>::new());
    }
}

#[test]
fn a_job_that_fails_says_why_and_stays_to_be_looked_at() {
    let cluster = started();
    let mut words = words("out");
    // Not where --out is.
    *words.last_mut().unwrap() = "studies:elsewhere".into();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = ended(&mut cluster.study(&words), 74);
    for wanted in [
        "has failed: PodFailurePolicy",
        "5 of 5 parts are not done, the first is 1",
        "ended with exit code 2",
        "elsewhere/input/studies/a.study.toml",
        "pods left nothing in --out: is it elsewhere of the claim studies?",
    ] {
        assert!(told.contains(wanted), "{wanted}: {told}");
    }
    assert_eq!(cluster.jobs().len(), 1);
    // The next one takes its place.
    ended(&mut cluster.study(&words), 74);
    assert_eq!((cluster.jobs().len(), cluster.created().len()), (1, 2));
}

#[test]
fn refusals_are_told_in_words_and_other_jobs_are_left_alone() {
    let cluster = started();
    let name = manifest(&cluster, &[])["metadata"]["name"].as_str().unwrap().to_owned();
    cluster.plant(&name);
    let told = ended(&mut study(&cluster, "m", &[]), 74);
    assert!(told.contains(&format!("there is a job {name} that is not of this study")), "{told}");
    assert_eq!(cluster.jobs(), [name]);
    let told = ended(&mut study(&cluster, "m", &["--context", "forbidden"]), 74);
    assert!(told.contains("must be allowed to get, create and delete jobs"), "{told}");
    let mut words = words("other");
    *words.last_mut().unwrap() = "nothing:other".into();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let told = ended(&mut cluster.study(&words), 74);
    assert!(told.contains("there is no PersistentVolumeClaim nothing"), "{told}");
    let told = ended(study(&cluster, "m", &[]).env("PATH", "/nowhere"), 74);
    assert!(told.contains("there is no kubectl"), "{told}");
    assert!(cluster.created().is_empty());
    let told = ended(&mut cluster.study(&["studies/a.study.toml", "--image", "squall:1"]), 2);
    assert!(told.contains("it goes with --engine kubernetes"), "{told}");
    let told = ended(&mut study(&cluster, "m", &["--threads", "2"]), 2);
    assert!(told.contains("--> --threads"), "{told}");
    let told = ended(&mut cluster.study(&["studies/a.study.toml", "--parts", "3"]), 2);
    assert!(told.contains("--> --parts"), "{told}");
    let by_index = ["studies/a.study.toml", "--out", "x", "--shard-by-index", "1-3/5"];
    let told = ended(cluster.study(&by_index).env("JOB_COMPLETION_INDEX", "3"), 2);
    assert!(told.contains("JOB_COMPLETION_INDEX names no part"), "{told}");
}

#[test]
fn a_job_that_somebody_else_applies_is_waited_for_and_left_alone() {
    let cluster = started();
    let volume = cluster.folder.path().join("volume");
    ended(&mut cluster.study(&["studies/a.study.toml", "--out", "here"]), 0);
    let job = manifest(&cluster, &["--parallelism", "1"]);
    assert!(job["metadata"]["labels"].get("app.kubernetes.io/managed-by").is_none());
    cluster.apply(&job);
    let told = ended(&mut study(&cluster, "m", &[]), 0);
    assert!(told.contains("is there since an earlier command"), "{told}");
    same(&volume.join("here"), &volume.join("m"));
    assert_eq!((cluster.jobs().len(), cluster.created().len()), (1, 1));
    let output = study(&cluster, "m", &["--manifest"]).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty());
    assert!(said(&output).contains("all parts are done"), "{}", said(&output));
}

/// As above, where a cluster is named: a job from end to end, a command that is killed, one that is
/// interrupted, an image that is not there.
#[test]
fn a_real_cluster_makes_the_same_bytes() {
    let asked = |name: &str| std::env::var(name).ok();
    let Some(folder) = asked("SQUALL_KUBERNETES") else {
        println!("SQUALL_KUBERNETES names no folder on the volume of a cluster");
        return;
    };
    let (image, volume) =
        (asked("SQUALL_KUBERNETES_IMAGE").unwrap(), asked("SQUALL_KUBERNETES_VOLUME").unwrap());
    let here = tempfile::tempdir().unwrap();
    laid(here.path());
    let file = here.path().join("studies/a.study.toml");
    fs::write(file, STUDY.replace("1..20", LONG)).unwrap();
    let squall = |words: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_squall"));
        command.arg("study").args(words).current_dir(here.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    };
    ended(&mut squall(&["studies/a.study.toml", "--out", "here"]), 0);
    let study = |name: &str, image: &str, more: &[&str]| {
        let (out, volume) = (format!("{folder}/{name}"), format!("{volume}/{name}"));
        let engine =
            ["--engine", "kubernetes", "--parts", "5", "--image", image, "--volume", &volume];
        let words = [&["studies/a.study.toml", "--out", &out], &engine[..], more].concat();
        squall(&words)
    };
    let jobs = || {
        let words = ["get", "jobs", "--selector=app.kubernetes.io/name=squall", "--output=name"];
        let output = Command::new("kubectl").args(words).output().unwrap();
        String::from_utf8(output.stdout).unwrap().lines().count()
    };
    let second = |name: &str| Path::new(&folder).join(name).join("parts/2-of-5/runs.jsonl");
    let local = here.path().join("here");

    let told = ended(&mut study("whole", &image, &[]), 0);
    assert!(told.contains("5 of 5 parts"), "{told}");
    same(&local, &Path::new(&folder).join("whole"));
    assert_eq!(jobs(), 0);

    let mut child = study("killed", &image, &["--parallelism", "1"]).spawn().unwrap();
    until("second part", || second("killed").exists());
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(jobs(), 1);
    let told = ended(&mut study("killed", &image, &[]), 0);
    assert!(told.contains("is there since an earlier command"), "{told}");
    same(&local, &Path::new(&folder).join("killed"));

    let child = study("cut", &image, &["--parallelism", "1"]).spawn().unwrap();
    until("second part", || second("cut").exists());
    interrupted(child);
    assert_eq!(jobs(), 0);
    ended(&mut study("cut", &image, &[]), 0);
    same(&local, &Path::new(&folder).join("cut"));

    let child = study("none", "squall.invalid/squall:0", &["--parallelism", "1"]).spawn().unwrap();
    until("job", || jobs() == 1);
    thread::sleep(Duration::from_secs(15));
    let told = interrupted(child);
    assert!(told.contains("has no image squall.invalid/squall:0"), "{told}");
    assert_eq!(jobs(), 0);
}

//! The manifest.

use super::super::{Header, Shards};
use crate::engine::Digest;
use serde_json::{Value, json};

/// Where pods find the folder of the whole.
const MOUNT: &str = "/study";
/// The container's name.
pub(super) const CONTAINER: &str = "squall";
/// The word of the command behind which the list of parts stands.
pub(super) const LIST: &str = "--shard-by-index";
/// The annotation that says whose job it is.
pub(super) const ANNOTATION: &str = "squall-study";
/// Who manages a job that this program has created, as its label says.
pub(super) const MANAGER: &str = "squall";
/// Pods that fail for no reason of the cluster's, until the job is given up: Kubernetes' own default.
const FAILURES: u32 = 6;
/// For how many seconds a job that is over can be looked at: a day.
const KEPT_S: u32 = 86_400;
/// The user and group `nonroot` of distroless images, for a folder that belongs to root.
pub const NOBODY: u32 = 65_532;
/// More bytes than these of part numbers are not written into a command: Linux takes words of 128 KiB.
const LONGEST_LIST: usize = 100_000;

/// What was asked for of the pods.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pods {
    /// The image, whose entry point is this program.
    pub image: String,
    /// The name of the PersistentVolumeClaim.
    pub claim: String,
    /// The folder of the whole on the claim's volume, from its root; empty for the root.
    pub folder: String,
    /// The namespace; `None` leaves it to whoever applies the manifest.
    pub namespace: Option<String>,
    /// How many at one time; `None` for all.
    pub at_once: Option<u32>,
    /// Processors, as Kubernetes writes quantities.
    pub cpu: String,
    /// Memory, as Kubernetes writes quantities.
    pub memory: String,
    /// Runs at one time in one pod.
    pub threads: u32,
    /// User and group, neither of them root: who may write to the folder `parts`.
    pub owner: (u32, u32),
}

/// What a job is made of.
#[derive(Clone, Copy, Debug)]
pub struct Manifest<'a> {
    /// The study.
    pub header: &'a Header,
    /// How many parts it has in all.
    pub parts: u64,
    /// Where the study is, from the folder of the whole.
    pub study: &'a str,
    /// The parts to be made, in ascending order.
    pub open: &'a [u64],
    /// The pods.
    pub pods: &'a Pods,
    /// Whether this program creates the job, and so may delete it.
    pub managed: bool,
}

/// What tells one study in one folder of one volume from all others: 16 hexadecimal digits.
///
/// # Errors
/// When the header cannot be written down.
pub fn identity(header: &Header, parts: u64, pods: &Pods) -> Result<String, String> {
    let mut digest = Digest::default();
    for text in [&pods.claim, &pods.folder, &header.line()?, &parts.to_string()] {
        digest.bytes(text.as_bytes());
        digest.bytes(b"\0");
    }
    Ok(digest.to_string())
}

/// The name of a study's job: the same for the same study in the same folder, so that a command that was
/// killed finds the job again. With a pod's number at most 29 letters of the 63 of a DNS label.
#[must_use]
pub fn name(identity: &str) -> String {
    format!("squall-{identity}")
}

/// What a DELETE of a job says: its pods first, and only if it is still the same job.
#[must_use]
pub fn deletion(uid: &str) -> String {
    let options = json!({
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Foreground",
        "preconditions": { "uid": uid },
    });
    options.to_string()
}

impl Manifest<'_> {
    /// The job as JSON, which is YAML, too.
    ///
    /// # Errors
    /// When the header cannot be written down.
    pub fn text(&self) -> Result<String, String> {
        let job = self.job()?;
        serde_json::to_string_pretty(&job).map_err(|error| error.to_string())
    }

    fn job(&self) -> Result<Value, String> {
        let identity = identity(self.header, self.parts, self.pods)?;
        let name = name(&identity);
        let labels = self.labels(&name);
        let mut metadata = json!({
            "name": name,
            "labels": labels,
            "annotations": { ANNOTATION: identity },
        });
        if let Some(namespace) = &self.pods.namespace {
            metadata["namespace"] = json!(namespace);
        }
        let shards = self.shards();
        let places = shards.count();
        let at_once = self.pods.at_once.map_or(places, |pods| places.min(pods.into()));
        Ok(json!({
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": metadata,
            "spec": {
                "completionMode": "Indexed",
                "completions": places,
                "parallelism": at_once,
                "backoffLimit": FAILURES,
                "ttlSecondsAfterFinished": KEPT_S,
                "podFailurePolicy": failure_policy(),
                "template": {
                    "metadata": { "labels": labels },
                    "spec": self.pod(&shards),
                },
            },
        }))
    }

    /// The parts at the places that the job counts.
    fn shards(&self) -> Shards {
        let open = Shards::of(self.open, self.parts);
        if open.list().len() <= LONGEST_LIST {
            return open;
        }
        // All of them have a short list. A pod whose part is done is over at once.
        Shards::of(&(1..=self.parts).collect::<Vec<_>>(), self.parts)
    }

    fn labels(&self, name: &str) -> Value {
        let mut labels = json!({
            "app.kubernetes.io/name": "squall",
            "app.kubernetes.io/component": "study",
            "app.kubernetes.io/instance": name,
            "app.kubernetes.io/version": env!("CARGO_PKG_VERSION"),
        });
        if self.managed {
            labels["app.kubernetes.io/managed-by"] = json!(MANAGER);
        }
        labels
    }

    /// A pod that the Pod Security Standard `restricted` admits
    /// (<https://kubernetes.io/docs/concepts/security/pod-security-standards/>).
    fn pod(&self, shards: &Shards) -> Value {
        let args = [
            "study".to_owned(),
            format!("{MOUNT}/{}", self.study),
            "--out".to_owned(),
            format!("{MOUNT}/parts"),
            LIST.to_owned(),
            shards.to_string(),
            "--threads".to_owned(),
            self.pods.threads.to_string(),
        ];
        let Pods { image, claim, folder, cpu, memory, owner: (user, group), .. } = self.pods;
        let mut mount = json!({ "name": "study", "mountPath": MOUNT });
        if !folder.is_empty() {
            mount["subPath"] = json!(folder);
        }
        let resources = json!({ "cpu": cpu, "memory": memory });
        json!({
            "restartPolicy": "Never",
            "automountServiceAccountToken": false,
            "enableServiceLinks": false,
            "securityContext": {
                "runAsNonRoot": true,
                "runAsUser": user,
                "runAsGroup": group,
                "seccompProfile": { "type": "RuntimeDefault" },
            },
            "containers": [{
                "name": CONTAINER,
                "image": image,
                "args": args,
                "resources": { "requests": resources, "limits": resources },
                "securityContext": {
                    "allowPrivilegeEscalation": false,
                    "readOnlyRootFilesystem": true,
                    "capabilities": { "drop": ["ALL"] },
                },
                "terminationMessagePolicy": "FallbackToLogsOnError",
                "volumeMounts": [mount],
            }],
            "volumes": [{
                "name": "study",
                "persistentVolumeClaim": { "claimName": claim },
            }],
        })
    }
}

/// A pod that the cluster takes away (drained, preempted) is no failure: its part goes on in another. One
/// whose words or files are wrong (exit code 2) would be as wrong the next time.
fn failure_policy() -> Value {
    json!({ "rules": [
        { "action": "Ignore", "onPodConditions": [{ "type": "DisruptionTarget", "status": "True" }] },
        {
            "action": "FailJob",
            "onExitCodes": { "containerName": CONTAINER, "operator": "In", "values": [2] },
        },
    ] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::open_study;

    fn job(open: &[u64], parts: u64, change: impl FnOnce(&mut Pods)) -> Value {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/studies/servers.study.toml");
        let study = open_study(root).unwrap_or_else(|error| panic!("{error:?}"));
        let header = Header::of(&study);
        let mut pods = Pods {
            image: "squall:1".into(),
            claim: "studies".into(),
            folder: String::new(),
            namespace: None,
            at_once: None,
            cpu: "1".into(),
            memory: "256Mi".into(),
            threads: 1,
            owner: (1_000, 1_000),
        };
        change(&mut pods);
        let (header, pods) = (&header, &pods);
        Manifest { header, parts, study: "input/a", open, pods, managed: true }.job().unwrap()
    }

    fn word(job: &Value) -> &str {
        job.pointer("/spec/template/spec/containers/0/args/5").and_then(Value::as_str).unwrap()
    }

    #[test]
    fn a_job_counts_the_open_parts_alone() {
        let some = job(&[2, 3, 9], 9, |_| {});
        assert_eq!((word(&some), &some["spec"]["completions"]), ("2-3,9/9", &json!(3)));
        // Every second of the most parts that there can be is a word too long for a command.
        let odd: Vec<u64> = (1..=100_000).step_by(2).collect();
        let all = job(&odd, 100_000, |_| {});
        assert_eq!((word(&all), &all["spec"]["completions"]), ("1-100000/100000", &json!(100_000)));
    }

    #[test]
    fn a_name_is_of_one_study_in_one_folder() {
        let name = |open: &[u64], parts, change: fn(&mut Pods)| {
            job(open, parts, change)["metadata"]["name"].as_str().unwrap().to_owned()
        };
        let usual = name(&[1], 9, |_| {});
        // What is still open, where and with what it is made does not matter.
        assert_eq!(name(&[2, 3], 9, |pods| pods.image = "squall:2".into()), usual);
        assert_eq!(name(&[1], 9, |pods| pods.cpu = "2".into()), usual);
        let others = [
            name(&[1], 8, |_| {}),
            name(&[1], 9, |pods| pods.claim = "others".into()),
            name(&[1], 9, |pods| pods.folder = "other".into()),
        ];
        assert!(others.iter().all(|other| *other != usual));
        // Neither end of one text runs into the next.
        let split = |claim: &str, folder: &str| {
            let set = |pods: &mut Pods| (pods.claim, pods.folder) = (claim.into(), folder.into());
            job(&[1], 9, set)["metadata"]["name"].clone()
        };
        assert_ne!(split("ab", "c"), split("a", "bc"));
    }
}

//! The Indexed Job of a study, as it is given to Kubernetes (1.26 or newer).

use super::super::parts::{Parts, ranges};
use crate::cli::args::{KubernetesArgs, Volume};
use crate::engine::Digest;
use serde_json::{Value, json};
use std::path::Path;

/// Where pods find the folder of the whole.
const MOUNT: &str = "/study";
/// The container's name.
pub(super) const CONTAINER: &str = "squall";
/// The annotation that says whose job it is.
pub(super) const ANNOTATION: &str = "squall-study";
/// Who applies a job that this program has created.
pub(super) const MANAGER: &str = "squall";
/// Pods that fail for no reason of the cluster's, until the job is given up.
const FAILURES: u32 = 6;
/// For how long a job that is over can be looked at: a day.
const KEPT_S: u32 = 86_400;
/// The user of distroless images, for a folder that belongs to root.
pub(super) const NOBODY: u32 = 65_532;
/// More bytes than these of part numbers are not written into a command: a word of one is at most 128 KiB.
const LONGEST_LIST: usize = 100_000;

/// What a job is made of.
pub(super) struct Manifest<'a> {
    /// The study.
    pub parts: &'a Parts<'a>,
    /// Where the study is, from the folder of the whole.
    pub study: &'a Path,
    /// The parts to be made.
    pub open: &'a [u64],
    /// What was asked for.
    pub args: &'a KubernetesArgs,
    /// The image.
    pub image: &'a str,
    /// The volume.
    pub volume: &'a Volume,
    /// Who may write to the folder of all parts.
    pub owner: (u32, u32),
    /// Whether this program creates the job.
    pub managed: bool,
}

/// What tells one study in one folder from all others.
pub(super) fn identity(parts: &Parts<'_>, volume: &Volume) -> Result<String, String> {
    let mut digest = Digest::default();
    for text in [&volume.claim, &volume.folder, &parts.header.line()?, &parts.parts.to_string()] {
        digest.bytes(text.as_bytes());
        digest.bytes(b"\0");
    }
    Ok(digest.to_string())
}

/// The name of a study's job: the same for the same study in the same folder, so that a command that was
/// killed finds the job again. With a pod's number and a dash at most 29 letters of the 63 of a DNS label.
pub(super) fn name(identity: &str) -> String {
    format!("squall-{identity}")
}

impl Manifest<'_> {
    /// The job.
    ///
    /// # Errors
    /// When the study's path is no text.
    pub fn job(&self) -> Result<Value, String> {
        let identity = identity(self.parts, self.volume)?;
        let name = name(&identity);
        let labels = self.labels(&name);
        let mut metadata = json!({
            "name": name,
            "labels": labels,
            "annotations": { ANNOTATION: identity },
        });
        if let Some(namespace) = &self.args.namespace {
            metadata["namespace"] = json!(namespace);
        }
        let (places, list) = self.places();
        let at_once = self.args.parallelism.map_or(places, |pods| places.min(pods.into()));
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
                    "spec": self.pod(&list)?,
                },
            },
        }))
    }

    /// How many places the job counts, and the parts at them.
    fn places(&self) -> (u64, String) {
        let list = ranges(self.open);
        if list.len() > LONGEST_LIST {
            // A pod whose part is done is over at once.
            return (self.parts.parts, format!("1-{}", self.parts.parts));
        }
        (self.open.len() as u64, list)
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

    /// A pod that the Pod Security Standard `restricted` admits.
    fn pod(&self, list: &str) -> Result<Value, String> {
        let study = self.study.to_str().ok_or("the study's path is not UTF-8")?;
        let args = [
            "study".to_owned(),
            format!("{MOUNT}/{study}"),
            "--out".to_owned(),
            format!("{MOUNT}/parts"),
            "--shard-by-index".to_owned(),
            format!("{list}/{}", self.parts.parts),
            "--threads".to_owned(),
            self.args.threads().to_string(),
        ];
        let mut mount = json!({ "name": "study", "mountPath": MOUNT });
        if !self.volume.folder.is_empty() {
            mount["subPath"] = json!(self.volume.folder);
        }
        let resources = json!({ "cpu": self.args.cpu(), "memory": self.args.memory() });
        let (user, group) = self.owner;
        Ok(json!({
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
                "image": self.image,
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
                "persistentVolumeClaim": { "claimName": self.volume.claim },
            }],
        }))
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

//! What only a cluster with Kubernetes is told.

use crate::study::kubernetes::Pods;
use std::path::{Component, Path};

/// A claim of a volume, and a folder on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(in crate::cli) struct Volume {
    /// The PersistentVolumeClaim's name.
    pub claim: String,
    /// The folder, from the volume's root; empty for the root itself.
    pub folder: String,
}

/// `--engine kubernetes`: the pods.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Options of --engine kubernetes")]
pub(in crate::cli) struct KubernetesArgs {
    /// The image of the pods. Its entry point is `squall`, of this program's version
    #[arg(long, value_name = "IMAGE")]
    pub image: Option<String>,
    /// The PersistentVolumeClaim that the pods write to, and which folder of it --out is: all of it
    /// without FOLDER
    #[arg(long, value_name = "CLAIM[:FOLDER]", value_parser = volume)]
    pub volume: Option<Volume>,
    /// The namespace. The default is the one of kubectl's context
    #[arg(long, value_name = "NAME", value_parser = label)]
    pub namespace: Option<String>,
    /// The context in kubectl's configuration, which KUBECONFIG names. The default is its current one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
    /// How many pods at one time. The default is all
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = pods)]
    pub parallelism: Option<u32>,
    /// The processors of a pod, requested and its limit; a run takes one. The default is 1
    #[arg(long, value_name = "N", value_parser = cpu)]
    pub cpu: Option<String>,
    /// The memory of a pod, requested and its limit. The default is 256Mi, four times what the largest
    /// scenario that comes with Squall takes on one thread
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    pub memory: Option<String>,
    /// Print the manifest and stop: for those who change it, or have it applied by something else. What
    /// pods read is put below --out. The same command without this waits for the job and joins its parts
    #[arg(long)]
    pub manifest: bool,
}

fn volume(text: &str) -> Result<Volume, String> {
    let (claim, folder) = text.split_once(':').unwrap_or((text, ""));
    let name = |part: &str| label(part).is_ok();
    if claim.len() > 253 || !claim.split('.').all(name) {
        return Err("a claim's name is of small letters, digits, `-` and `.`".into());
    }
    let plain = |part| matches!(part, Component::Normal(_));
    if !Path::new(folder).components().all(plain) || folder.contains('\\') {
        return Err(
            "the folder is counted from the volume's root, without `/` before it or `..`".into()
        );
    }
    Ok(Volume { claim: claim.to_owned(), folder: folder.trim_end_matches('/').to_owned() })
}

/// A DNS label (RFC 1123): what namespaces are called.
fn label(text: &str) -> Result<String, String> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let ends = text.starts_with(is_word) && text.ends_with(is_word);
    if ends && text.len() <= 63 && text.chars().all(|c| is_word(c) || c == '-') {
        Ok(text.to_owned())
    } else {
        Err("a name is at most 63 small letters, digits and `-`, the last not at its ends".into())
    }
}

fn pods(text: &str) -> Result<u32, String> {
    let pods = text.parse().ok().filter(|pods| (1..=100_000).contains(pods));
    pods.ok_or_else(|| "pods are a whole number from 1 to 100000".to_owned())
}

/// Whole processors, or thousandths with an `m`, as Kubernetes writes them.
fn cpu(text: &str) -> Result<String, String> {
    let (number, unit) = text.strip_suffix('m').map_or((text, 1_000), |number| (number, 1));
    let thousandths = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
    match thousandths {
        Some(1..=1_000_000) => Ok(text.to_owned()),
        _ => Err("processors are a whole number, or thousandths such as 500m".to_owned()),
    }
}

/// Bytes with a unit of Kubernetes.
fn memory(text: &str) -> Result<String, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = &text[digits.len()..];
    let known = ["k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", ""].contains(&unit);
    if known && digits.parse::<u64>().is_ok_and(|number| number > 0) {
        Ok(text.to_owned())
    } else {
        Err("memory is a whole number of bytes with or without a unit, such as 512Mi or 1G".into())
    }
}

impl KubernetesArgs {
    /// What is asked of the pods, if all that must be was said; `owner` may write to the parts.
    ///
    /// The usual memory is 256 MiB: `monthly/region-outage.toml` takes 63 MB, the most of all scenarios that
    /// come with Squall.
    pub fn pods(&self, owner: (u32, u32)) -> Option<Pods> {
        let (image, volume) = (self.image.clone()?, self.volume.clone()?);
        let cpu = self.cpu.as_deref().unwrap_or("1");
        Some(Pods {
            image,
            claim: volume.claim,
            folder: volume.folder,
            namespace: self.namespace.clone(),
            at_once: self.parallelism,
            cpu: cpu.to_owned(),
            memory: self.memory.clone().unwrap_or_else(|| "256Mi".to_owned()),
            threads: threads(cpu),
            owner,
        })
    }

    /// An option that was given, if any was: other engines take none of them.
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--image", self.image.is_some()),
            ("--volume", self.volume.is_some()),
            ("--namespace", self.namespace.is_some()),
            ("--context", self.context.is_some()),
            ("--parallelism", self.parallelism.is_some()),
            ("--cpu", self.cpu.is_some()),
            ("--memory", self.memory.is_some()),
            ("--manifest", self.manifest),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }
}

/// Runs at one time in a pod: its processors, rounded up.
fn threads(cpu: &str) -> u32 {
    match cpu.strip_suffix('m') {
        Some(thousandths) => thousandths.parse::<u32>().map_or(1, |all| all.div_ceil(1_000)),
        None => cpu.parse().unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_stays_on_its_volume() {
        let found = |text| volume(text).map(|volume| (volume.claim, volume.folder));
        assert_eq!(found("studies"), Ok(("studies".into(), String::new())));
        assert_eq!(found("a.b:c/d/"), Ok(("a.b".into(), "c/d".into())));
        for wrong in ["", "Studies", "a:/b", "a:../b", "a:b/../c", "-a", "a..b", "a_b", ":b"] {
            assert!(volume(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn resources_are_those_of_kubernetes() {
        for good in ["1", "16", "500m", "1500m"] {
            assert_eq!(cpu(good).as_deref(), Ok(good));
        }
        assert_eq!(["1", "16", "500m", "1500m", "2000m"].map(threads), [1, 16, 1, 2, 2]);
        for wrong in ["0", "0m", "-1", "1.5", "m", "", "1k"] {
            assert!(cpu(wrong).is_err(), "{wrong}");
        }
        for good in ["512Mi", "1G", "1000000"] {
            assert_eq!(memory(good).as_deref(), Ok(good));
        }
        for wrong in ["0Mi", "1GB", "Mi", "", "1.5Gi", "-1Mi", "1mi"] {
            assert!(memory(wrong).is_err(), "{wrong}");
        }
    }
}

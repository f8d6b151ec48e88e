//! The files beside the scenario that the runs of a study read: traces.

use super::super::edit::{self, Edit};
use super::super::tree;
use super::{Placed, Study};

impl Study {
    /// The traces that variants ask for, as the study and its scenario write them: relative to the
    /// scenario's folder unless absolute. Sorted, each once; some may be asked for by no variant.
    ///
    /// Which trace a variant reads is said by the last of its changes that names one. So the files of
    /// all variants are among those of the scenario with no change and with each value's changes alone.
    #[must_use]
    pub fn traces(&self) -> Vec<String> {
        let values = self.axes.iter().flat_map(|axis| &axis.values);
        let alone = values.map(|value| value.edits.as_slice()).chain([&self.without[..], &[]]);
        let mut found: Vec<String> = alone.filter_map(|edits| self.trace_with(edits)).collect();
        found.sort();
        found.dedup();
        found
    }

    /// The trace of the scenario with these changes behind those of all variants.
    fn trace_with(&self, placed: &[Placed]) -> Option<String> {
        let edits: Vec<Edit> =
            self.set.iter().chain(placed).map(|placed| placed.edit.clone()).collect();
        let mut root = tree::parse(&self.scenario).0?;
        edit::apply(&mut root, &edits, &self.scenario, &mut Vec::new());
        let trace = root.get("load")?.node.get("trace")?;
        trace.node.get("file")?.node.text().map(str::to_owned)
    }
}

//! The nodes that libvirt had QEMU open at its start. Its command line stays what it was, so it says for as long as the guest lives
//! how they were opened, whichever of them QEMU has by now.

use std::collections::BTreeMap;

use super::node::{NodeName, NodeOptions};

/// The options behind each `-blockdev`, by their nodes' names. libvirt gives no name twice to one QEMU.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Given(BTreeMap<NodeName, NodeOptions>);

impl Given {
    /// From what stands behind each `-blockdev`.
    pub fn of<'a>(blockdevs: impl IntoIterator<Item = &'a str>) -> Self {
        let nodes = blockdevs.into_iter().filter_map(NodeOptions::read);
        Self(nodes.map(|node| (node.name().clone(), node)).collect())
    }

    /// A node's options.
    pub fn node(&self, name: &NodeName) -> Option<&NodeOptions> {
        self.0.get(name)
    }

    /// A node and all that it stands on: each before what is below it. `None` if libvirt did not have one of them opened at the
    /// start.
    pub fn chain(&self, root: &NodeName) -> Option<Vec<&NodeOptions>> {
        let mut chain: Vec<&NodeOptions> = Vec::new();
        let mut wanted = vec![root.clone()];
        while let Some(name) = wanted.pop() {
            // What stands on itself, or on one node twice, is nothing of libvirt's.
            if chain.iter().any(|node| *node.name() == name) {
                return None;
            }
            let node = self.node(&name)?;
            chain.push(node);
            wanted.extend(node.below());
        }
        Some(chain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERLAY: [&str; 4] = [
        r#"{"driver":"file","filename":"/s/base.qcow2","node-name":"libvirt-2-storage"}"#,
        r#"{"node-name":"libvirt-2-format","driver":"qcow2","file":"libvirt-2-storage","backing":null}"#,
        r#"{"driver":"file","filename":"/s/top.qcow2","node-name":"libvirt-1-storage"}"#,
        r#"{"node-name":"libvirt-1-format","driver":"qcow2","file":"libvirt-1-storage","backing":"libvirt-2-format"}"#,
    ];

    #[test]
    fn a_chain_has_each_node_before_what_it_stands_on() {
        let given = Given::of(OVERLAY);
        let chain = given.chain(&NodeName::new("libvirt-1-format")).expect("all are given");
        let names: Vec<_> = chain.iter().map(|node| node.name().as_str()).collect();
        assert_eq!(
            names,
            ["libvirt-1-format", "libvirt-2-format", "libvirt-2-storage", "libvirt-1-storage"]
        );
    }

    #[test]
    fn a_chain_of_which_a_node_was_not_given_is_not_known() {
        let given = Given::of(OVERLAY[1..].iter().copied());
        assert_eq!(given.chain(&NodeName::new("libvirt-1-format")), None);
        assert_eq!(given.chain(&NodeName::new("libvirt-9-format")), None);
        let round = Given::of([r#"{"node-name":"a","driver":"raw","file":"a"}"#]);
        assert_eq!(round.chain(&NodeName::new("a")), None);
    }
}

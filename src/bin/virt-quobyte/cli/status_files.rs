//! What libvirt's QEMU driver keeps of each guest that runs, for a daemon that comes after the one that started it. Read here
//! without any daemon, which may not be there, or may not answer.

use std::fs;
use std::path::Path;

use virt_quobyte::xml::Tree;

/// Where it keeps a document of each guest, and the number of its process; its socket-activated sister too (`qemuStateDir`,
/// libvirt 9.0 to 11.3).
pub(super) const STATUS_FILES: &str = "/run/libvirt/qemu";

/// The `<domain>` of every status file that can be read.
pub(super) fn domains() -> Vec<Vec<u8>> {
    let entries = fs::read_dir(Path::new(STATUS_FILES)).into_iter().flatten().flatten();
    let files = entries.filter(|entry| {
        entry.path().extension().is_some_and(|extension| extension == "xml")
            && entry.file_type().is_ok_and(|kind| kind.is_file())
    });
    let documents = files.filter_map(|file| fs::read(file.path()).ok());
    documents.filter_map(|document| domain_in(&document).map(<[u8]>::to_vec)).collect()
}

/// The domain in a `<domstatus>`, which has other things besides.
fn domain_in(document: &[u8]) -> Option<&[u8]> {
    let tree = Tree::read(document).ok()?;
    Some(&document[tree.root().child("domain")?.span().range()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_file_gives_the_domain_that_is_in_it() {
        const DOMAIN: &[u8] = b"<domain type='kvm' id='3'><name>web1</name></domain>";
        let before = b"<!-- made by libvirt -->\n<domstatus state='running' reason='booted' pid='7'>\n  <taint flag='x'/>\n  ";
        let status = [before, DOMAIN, b"\n</domstatus>\n"].concat();
        assert_eq!(domain_in(&status), Some(DOMAIN));
        assert_eq!(domain_in(b"<domstatus/>"), None);
        assert_eq!(domain_in(b"<domstatus><domain>"), None);
    }
}

//! Which file of the host a name in a header means, as QEMU and libvirt take it.
//!
//! A name that means no file that text alone can tell is not followed: a disk on the network, or one that depends on the
//! directory in which QEMU happens to run.

use serde_json::Value;

/// What a name means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// This file: an absolute path, not in normal form.
    File(String),
    /// Something that is not followed.
    Elsewhere,
}

/// What the name of a backing file means, in the header of the image at this path.
pub fn backing_file(name: &str, image: &str) -> Target {
    if name.starts_with('/') || has_protocol(name) {
        return explicit(name);
    }
    // Relative to the directory that the image's own path names, whether or not the image is a symlink.
    let directory = image.rfind('/').map_or("", |slash| &image[..slash]);
    Target::File(format!("{directory}/{name}"))
}

/// What the name of a data file means.
///
/// A relative one is not followed: QEMU takes it from its working directory (10.0, tried), newer libvirt from the image's
/// own, which is on the image's own share.
pub fn data_file(name: &str) -> Target {
    explicit(name)
}

/// A name that is whole by itself.
fn explicit(name: &str) -> Target {
    let path = if let Some(json) = name.strip_prefix("json:") {
        in_json(json)
    } else if let Some(path) = name.strip_prefix("file:") {
        Some(path.to_owned())
    } else {
        Some(name.to_owned())
    };
    match path {
        Some(path) if path.starts_with('/') => Target::File(path),
        _ => Target::Elsewhere,
    }
}

/// QEMU's rule: what stands before a ':' that comes before any '/' is a protocol.
fn has_protocol(name: &str) -> bool {
    name.find([':', '/']).is_some_and(|at| name[at..].starts_with(':'))
}

/// The file of a `json:` name in its usual spellings: a format's driver over a file, nested or dotted, or a file alone.
fn in_json(json: &str) -> Option<String> {
    let value: Value = serde_json::from_str(json).ok()?;
    let object = value.as_object()?;
    let (driver, filename) = match object.get("file") {
        Some(file) => (file.get("driver"), file.get("filename")),
        None if object.contains_key("file.filename") => {
            (object.get("file.driver"), object.get("file.filename"))
        }
        None => (object.get("driver"), object.get("filename")),
    };
    let is_file = driver.is_none_or(|driver| driver == "file");
    filename.filter(|_| is_file)?.as_str().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IMAGE: &str = "/srv/gold/sub/vm.qcow2";

    #[test]
    fn a_backing_files_name_is_taken_as_qemu_takes_it() {
        for (name, path) in [
            ("/srv/silver/base.qcow2", "/srv/silver/base.qcow2"),
            ("base.qcow2", "/srv/gold/sub/base.qcow2"),
            ("../base.qcow2", "/srv/gold/sub/../base.qcow2"),
            ("dir/a:b", "/srv/gold/sub/dir/a:b"),
            ("./a:b", "/srv/gold/sub/./a:b"),
            ("/a:b", "/a:b"),
            ("file:/srv/silver/a", "/srv/silver/a"),
            ("file:///srv/silver/a", "///srv/silver/a"),
            (r#"json:{"driver":"qcow2","file":{"driver":"file","filename":"/a"}}"#, "/a"),
            (r#"json:{"driver":"qcow2","file":{"filename":"/a"}}"#, "/a"),
            (r#"json:{"driver":"raw","file.driver":"file","file.filename":"/a"}"#, "/a"),
            (r#"json:{"driver":"file","filename":"/a"}"#, "/a"),
            (r#"json:{"filename":"/a"}"#, "/a"),
        ] {
            assert_eq!(backing_file(name, IMAGE), Target::File(path.to_owned()), "{name}");
        }
    }

    #[test]
    fn what_is_no_file_of_this_host_is_not_followed() {
        for name in [
            "nbd://server/export",
            "nbd:unix:/run/socket",
            "rbd:pool/image",
            "a:b",
            "file:base.qcow2",
            "json:",
            "json:[]",
            "json:{}",
            r#"json:{"driver":"qcow2","file":"a-node"}"#,
            r#"json:{"driver":"qcow2","file":{"driver":"nbd","filename":"/a"}}"#,
            r#"json:{"driver":"qcow2","file":{"driver":"file","filename":"a"}}"#,
            r#"json:{"driver":"nbd","filename":"/a"}"#,
            r#"json:{"file.driver":"https","file.filename":"/a"}"#,
        ] {
            assert_eq!(backing_file(name, IMAGE), Target::Elsewhere, "{name}");
        }
    }

    #[test]
    fn a_data_files_name_must_be_whole() {
        assert_eq!(data_file("/d.raw"), Target::File("/d.raw".to_owned()));
        assert_eq!(data_file("file:/d.raw"), Target::File("/d.raw".to_owned()));
        for name in ["d.raw", "../d.raw", "nbd://server/d"] {
            assert_eq!(data_file(name), Target::Elsewhere, "{name}");
        }
    }
}

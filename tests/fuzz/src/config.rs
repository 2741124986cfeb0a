//! The configuration: settings that come out of it keep what their types promise, and a problem is at a place of a file.

use std::path::PathBuf;
use std::time::Duration;

use virt_quobyte::config::{self, ConfigError, Place, Settings, SourceFile};
use virt_quobyte::share::{MountPoint, Share, ShareMode};

/// What separates one file from the next in an input.
const NEXT_FILE: &str = "\n#---\n";

/// A value is cut and a name is quoted whole; a problem may name two files and two shares.
const LONGEST_MESSAGE: usize = 8_000;

/// Reads bytes as the files of a configuration.
pub fn check(bytes: &[u8]) {
    // What is not UTF-8 is refused before it gets here.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let texts = text.split(NEXT_FILE).enumerate();
    let files: Vec<SourceFile> = texts
        .map(|(number, text)| SourceFile {
            path: PathBuf::from(format!("/etc/virt-quobyte/{number}.toml")),
            text: text.to_owned(),
        })
        .collect();
    match config::parse(&files) {
        Ok(settings) => {
            fits_together(&settings);
            for file in &files {
                let path = file.path.to_str().expect("ASCII");
                assert!(settings.share_holding(path).is_none(), "a share hides its configuration");
            }
            assert_eq!(config::parse(&files).ok().as_ref(), Some(&settings));
        }
        Err(error) => is_located(&error, &files),
    }
}

fn fits_together(settings: &Settings) {
    let Settings { mount_base, state_dir, client, deadlines, shares, .. } = settings;
    assert!(!mount_base.holds(state_dir.as_str()) && !state_dir.holds(mount_base.as_str()));
    let allowed = Duration::from_millis(100)..=Duration::from_secs(600);
    for deadline in [deadlines.mount, deadlines.probe, deadlines.unmount, deadlines.hook] {
        assert!(allowed.contains(&deadline), "{deadlines:?}");
    }
    assert!(deadlines.hook >= deadlines.mount + deadlines.probe, "{deadlines:?}");
    assert!(deadlines.unmount <= Duration::from_secs(60), "{deadlines:?}");
    for (number, share) in shares.iter().enumerate() {
        is_sound(share);
        for other in &shares[..number] {
            assert_ne!(share.name, other.name);
            assert_ne!(share.export, other.export);
            assert_ne!(share.key, other.key);
            assert!(!overlap(&share.mount_point, &other.mount_point), "{share:?} {other:?}");
        }
        assert!(!overlap(&share.mount_point, state_dir), "{share:?} {state_dir}");
        assert!(!share.mount_point.holds(mount_base.as_str()), "{share:?} {mount_base}");
        for needed in [&client.program, &client.config].into_iter().flatten() {
            assert!(!share.mount_point.holds(needed.as_str()), "{share:?} {needed}");
        }
        assert_eq!(settings.share_named(share.name.as_str()), Some(share));
        assert_eq!(settings.share_of_export(&share.export), Some(share));
        let image = format!("{}/vm.img", share.mount_point);
        assert_eq!(settings.share_holding(&image), Some(share));
    }
}

/// A share is what its record will say of it.
fn is_sound(share: &Share) {
    assert_eq!(share.key, share.export.key());
    assert_eq!(share.name.to_string().parse().as_ref(), Ok(&share.name));
    assert_eq!(share.export.to_string().parse().as_ref(), Ok(&share.export));
    assert_eq!(share.mount_point.to_string().parse().as_ref(), Ok(&share.mount_point));
    if share.mode == ShareMode::Verified {
        assert_eq!(share.options, virt_quobyte::share::ClientOptions::default());
    }
}

fn overlap(one: &MountPoint, other: &MountPoint) -> bool {
    one.holds(other.as_str()) || other.holds(one.as_str())
}

fn is_located(error: &ConfigError, files: &[SourceFile]) {
    assert!(!error.problems.is_empty(), "refused, and nothing is wrong");
    let mut places = Vec::new();
    for problem in &error.problems {
        super::is_a_message(&problem.to_string(), LONGEST_MESSAGE);
        let Place::File { path, at: Some(at) } = &problem.place else {
            panic!("no place in a file: {problem}");
        };
        let number = files.iter().position(|file| file.path == *path).expect("one of the files");
        // Not `lines`: a carriage return is a character of a line here, and a last empty line is one.
        let line = files[number].text.split('\n').nth(at.line - 1);
        let line = line.unwrap_or_else(|| panic!("no such line: {problem}"));
        assert!((1..=line.chars().count() + 1).contains(&at.column), "no such column: {problem}");
        places.push((number, *at));
    }
    assert!(places.is_sorted(), "problems out of the order of the files: {error}");
    assert_eq!(error.to_string().lines().count(), error.problems.len(), "{error}");
}

use std::fs;

use super::*;
use crate::selftest::{DirectIo, Space};

/// A directory that stands for a mount: the mount is the one that it lies on.
fn ground(directory: &tempfile::TempDir) -> Ground {
    let file = fs::File::open(directory.path()).expect("it is there");
    let mount = trusted_path::mount_id(&file.into()).expect("it is on a mount");
    let mount_point = directory.path().to_str().expect("UTF-8").to_owned();
    Ground { mount_point, mount, scratch: "scratch".to_owned() }
}

/// Asks as a child is asked, and reads the answer as the parent does.
fn told<T: DeserializeOwned>(trial: &Trial) -> T {
    let operand = serde_json::to_string(trial).expect("JSON");
    let said = answer(&[OPTION.into(), operand.into()]).expect("an answer");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

#[test]
fn our_directory_is_made_used_and_removed_with_all_in_it() {
    let directory = tempfile::tempdir().expect("a tempdir");
    let ground = ground(&directory);
    assert_eq!(told::<Result<(), Errno>>(&Trial::MakeScratch(ground.clone())), Ok(()));
    let exists = Err(Errno(SystemErrno::EEXIST as i32));
    assert_eq!(told::<Result<(), Errno>>(&Trial::MakeScratch(ground.clone())), exists);
    told::<Space>(&Trial::Space(ground.clone()));
    let DirectIo { plain, aio } = told(&Trial::DirectIo(ground.clone()));
    // A file system may have no O_DIRECT; what it takes, it must give back.
    assert!(plain != Ok(false) && aio != Ok(false), "{plain:?} {aio:?}");
    let within = Duration::from_secs(5);
    let (made, seen) = (ground.clone(), ground.clone());
    let later: Result<Option<Duration>, Errno> = told(&Trial::NameApart { made, seen, within });
    assert!(later.is_ok_and(|later| later.is_some()), "{later:?}");
    assert!(told::<Vec<crate::selftest::Access>>(&Trial::Accesses(ground.clone())).len() > 3);
    for _ in 0..2 {
        assert_eq!(told::<Result<(), String>>(&Trial::RemoveScratch(ground.clone())), Ok(()));
        assert!(!directory.path().join("scratch").exists());
    }
}

#[test]
fn a_mount_that_is_not_the_one_meant_is_left_alone() {
    let directory = tempfile::tempdir().expect("a tempdir");
    let another = Ground { mount: u32::MAX, ..ground(&directory) };
    let stale = Err(Errno(SystemErrno::ESTALE as i32));
    assert_eq!(told::<Result<(), Errno>>(&Trial::MakeScratch(another.clone())), stale);
    assert_eq!(told::<Result<bool, Errno>>(&Trial::Owner(another.clone())), stale.map(|()| true));
    fs::create_dir(directory.path().join("scratch")).expect("made");
    assert!(told::<Result<(), String>>(&Trial::RemoveScratch(another)).is_err());
    assert!(directory.path().join("scratch").exists());
}

#[test]
fn a_link_in_our_directorys_place_is_not_followed_and_goes_alone() {
    let (directory, elsewhere) = (tempfile::tempdir(), tempfile::tempdir());
    let (directory, elsewhere) = (directory.expect("a tempdir"), elsewhere.expect("a tempdir"));
    let ground = ground(&directory);
    fs::write(elsewhere.path().join("kept"), b"").expect("written");
    let link = directory.path().join("scratch");
    std::os::unix::fs::symlink(elsewhere.path(), &link).expect("a link");
    let refused = told::<Result<bool, Errno>>(&Trial::Owner(ground.clone()));
    assert!(refused.is_err(), "{refused:?}");
    assert_eq!(told::<Result<(), String>>(&Trial::RemoveScratch(ground)), Ok(()));
    assert!(link.symlink_metadata().is_err());
    let names: Vec<_> = fs::read_dir(elsewhere.path()).expect("readable").flatten().collect();
    assert_eq!(names.len(), 1, "{names:?}");
}

#[test]
fn what_is_no_trial_is_not_answered() {
    for arguments in [&["web1", "prepare"][..], &[OPTION], &[OPTION, "{}"], &[OPTION, "x", "y"]] {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        assert_eq!(answer(&arguments), None, "{arguments:?}");
    }
}

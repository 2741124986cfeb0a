//! A client that does everything as it is assumed, and what one thing after the other makes of that.

use super::*;
use crate::selftest::seen::{
    Access, Daemon, DaemonEnd, Death, DirectIo, Errno, Exclusion, Home, Line, Locks, Root, Second,
    Space, Start, TakenDown, Usable,
};
use Verdict::{DoesNotHold, Holds, NotAsked};

const MOMENT: Duration = Duration::from_millis(20);

fn good() -> Seen {
    let start = || Answer::Saw(Start { took: MOMENT, returned: Ok(()), usable: Usable::AtOnce });
    let locks = || Answer::Saw(Locks { fcntl: Exclusion::Excludes, ofd: Exclusion::Excludes });
    let failed = || Answer::Saw(Second { returned: Err("exited with status 1".into()), more: 0 });
    Seen {
        registries: "a,b".to_owned(),
        start: start(),
        line: Some(Line {
            fstype: "fuse.quobyte".to_owned(),
            source: "quobyte@a|b/gold".to_owned(),
            options: "rw,user_id=0,group_id=0,allow_other".to_owned(),
            is_quobyte: true,
            allows_other_users: true,
        }),
        home: Home::Scope("vq.scope".to_owned()),
        daemons: Answer::Saw(vec![Daemon {
            pid: 7,
            cgroup: "/system.slice/vq.scope".to_owned(),
            keeps_outputs: false,
        }]),
        root: Answer::Saw(Root {
            magic: Ok(0x6573_5546),
            size: Ok(0),
            stranger: Ok(()),
            status_port: Ok("55000".to_owned()),
        }),
        scratch: Answer::Saw(Ok(())),
        direct_io: Answer::Saw(DirectIo { plain: Ok(true), aio: Ok(true) }),
        space: Answer::Saw(Space { reserve: Ok(()), punch: Ok(true) }),
        locks: locks(),
        locks_apart: locks(),
        owner: Answer::Saw(Ok(true)),
        attribute: Answer::Saw(Err(Errno(95))),
        name_apart: Answer::Saw(Ok(Some(Duration::from_secs(2)))),
        on_top: Answer::Saw(Second { returned: Ok(()), more: 1 }),
        on_file: failed(),
        nowhere: failed(),
        taken_down: Answer::Saw(TakenDown { unmount: Ok(()), daemon: DaemonEnd::After(MOMENT) }),
        again: start(),
        death: Answer::Saw(Death {
            is_mounted: true,
            accesses: vec![Access { call: "stat".to_owned(), outcome: Err(Errno(107)) }],
        }),
    }
}

#[test]
fn of_a_client_that_is_as_assumed_all_holds_but_for_what_cannot_be_asked() {
    for finding in judge(&good()) {
        let expected =
            if finding.assumption.number == 11 { Verdict::NotAsked } else { Verdict::Holds };
        assert_eq!(finding.verdict, expected, "{finding:?}");
        assert!(!finding.seen.is_empty() && !finding.is_fault(), "{finding:?}");
    }
}

#[test]
fn what_was_never_begun_is_said_not_to_have_been_asked_and_why() {
    for why in [Why::Ended, Why::NotMounted, Why::NoScratch, Why::NoSecond, Why::WasSilent] {
        for finding in judge(&Seen::nothing("a,b", &why)) {
            assert_eq!(finding.verdict, Verdict::NotAsked, "{finding:?}");
            let said = if finding.assumption.number == 11 { "network" } else { &why.to_string() };
            assert!(finding.seen.contains(said), "{finding:?}");
        }
    }
}

/// What is changed, how, and what that makes of which assumptions.
type Row = (&'static str, fn(&mut Seen), &'static [(u8, Verdict, &'static str)]);

fn start(returned: Result<(), String>, usable: Usable) -> Answer<Start> {
    Answer::Saw(Start { took: MOMENT, returned, usable })
}

fn root(seen: &mut Seen) -> &mut Root {
    match &mut seen.root {
        Answer::Saw(root) => root,
        other => panic!("{other:?}"),
    }
}

fn daemon(seen: &mut Seen) -> &mut Daemon {
    match &mut seen.daemons {
        Answer::Saw(daemons) => &mut daemons[0],
        other => panic!("{other:?}"),
    }
}

fn death(seen: &mut Seen) -> &mut Death {
    match &mut seen.death {
        Answer::Saw(death) => death,
        other => panic!("{other:?}"),
    }
}

fn line(seen: &mut Seen) -> &mut Line {
    seen.line.as_mut().expect("mounted")
}

const ROWS: &[Row] = &[
    (
        "the client fails",
        |seen| seen.start = start(Err("exited with status 2".into()), Usable::NotMounted),
        &[(1, DoesNotHold, "exited with status 2")],
    ),
    (
        "the client lies",
        |seen| seen.start = start(Ok(()), Usable::NotMounted),
        &[
            (1, DoesNotHold, "0.02 s without an error, and nothing is mounted"),
            (2, DoesNotHold, "of 5 starts, the first returned without an error or a mount"),
        ],
    ),
    (
        "the client returns early",
        |seen| seen.start = start(Ok(()), Usable::After(Duration::from_millis(300))),
        &[
            (1, Holds, "the mount answered 0.30 s later"),
            (2, DoesNotHold, "the first returned 0.30 s before its mount answered"),
        ],
    ),
    (
        "the mount does not answer",
        |seen| seen.start = start(Ok(()), Usable::Not("is a dead mount".into())),
        &[
            (1, DoesNotHold, "what it mounted is a dead mount"),
            (2, DoesNotHold, "what it mounted is a dead mount"),
        ],
    ),
    (
        "the client fails and mounts",
        |seen| seen.start = start(Err("exited with status 4".into()), Usable::AtOnce),
        &[
            (1, DoesNotHold, "exited with status 4"),
            (2, DoesNotHold, "the first mounted, and exited with status 4"),
        ],
    ),
    (
        "a volume that does not exist is mounted",
        |seen| seen.nowhere = Answer::Saw(Second { returned: Ok(()), more: 0 }),
        &[(2, DoesNotHold, "for a volume that does not exist returned without an error")],
    ),
    (
        "another type",
        |seen| {
            line(seen).is_quobyte = false;
            line(seen).fstype = "fuse.x\u{1b}".to_owned();
        },
        &[(3, DoesNotHold, "type fuse.x\\u{1b}, source quobyte@a|b/gold")],
    ),
    (
        "commas",
        |seen| line(seen).source = "quobyte@a,b/gold".to_owned(),
        &[(4, Holds, "source quobyte@a,b/gold")],
    ),
    (
        "no registries",
        |seen| line(seen).source = "quobyte@c/gold".to_owned(),
        &[(4, DoesNotHold, "source quobyte@c/gold")],
    ),
    ("one registry", |seen| seen.registries = "a".to_owned(), &[(4, NotAsked, "one registry")]),
    ("a size", |seen| root(seen).size = Ok(4096), &[(5, DoesNotHold, "it is 4096")]),
    (
        "another magic",
        |seen| root(seen).magic = Ok(0x5162_6d6e),
        &[(6, DoesNotHold, "its type is 0x51626d6e")],
    ),
    (
        "no allow_other",
        |seen| line(seen).allows_other_users = false,
        &[(7, DoesNotHold, "its options are rw,user_id=0")],
    ),
    (
        "allow_other that lets nobody in",
        |seen| root(seen).stranger = Err(Errno(13)),
        &[(7, DoesNotHold, "another user got EACCES")],
    ),
    (
        "a daemon of its own place",
        |seen| daemon(seen).cgroup = "/system.slice/other.service".to_owned(),
        &[(8, DoesNotHold, "its process 7 is in /system.slice/other.service")],
    ),
    (
        "a daemon in a scope whose name ends alike",
        |seen| daemon(seen).cgroup = "/system.slice/not-vq.scope".to_owned(),
        &[(8, DoesNotHold, "not-vq.scope")],
    ),
    (
        "without systemd",
        |seen| {
            seen.home = Home::Here("/a".to_owned());
            daemon(seen).cgroup = "/a".to_owned();
        },
        &[(8, Holds, "its process 7 is in /a")],
    ),
    (
        "no daemon is found",
        |seen| seen.daemons = Answer::Saw(Vec::new()),
        &[(8, NotAsked, "no process has"), (9, NotAsked, "no process has")],
    ),
    (
        "outputs that are kept",
        |seen| daemon(seen).keeps_outputs = true,
        &[(9, DoesNotHold, "its process 7 has them open")],
    ),
    (
        "a mount that goes with its daemon",
        |seen| death(seen).is_mounted = false,
        &[(10, DoesNotHold, "the mount was gone")],
    ),
    (
        "a dead mount that answers",
        |seen| death(seen).accesses[0].outcome = Ok(()),
        &[(10, DoesNotHold, "stat worked")],
    ),
    (
        "a dead mount with another errno",
        |seen| death(seen).accesses[0].outcome = Err(Errno(5)),
        &[(10, DoesNotHold, "stat gave EIO")],
    ),
    (
        "an unmount that is not enough",
        |seen| {
            let (unmount, daemon) = (Err("it is in use".into()), DaemonEnd::Unknown);
            seen.taken_down = Answer::Saw(TakenDown { unmount, daemon });
        },
        &[(12, DoesNotHold, "the unmount failed: it is in use")],
    ),
    (
        "a daemon that goes on",
        |seen| {
            let daemon = DaemonEnd::NotWithin(Duration::from_secs(2));
            seen.taken_down = Answer::Saw(TakenDown { unmount: Ok(()), daemon });
        },
        &[(12, DoesNotHold, "the daemon still ran 2.00 s later")],
    ),
    (
        "a volume that is not let go of at once",
        |seen| seen.again = start(Err("exited with status 1".into()), Usable::NotMounted),
        &[(13, DoesNotHold, "exited with status 1")],
    ),
    (
        "O_DIRECT",
        |seen| {
            seen.direct_io = Answer::Saw(DirectIo { plain: Err(Errno(22)), aio: Ok(false) });
        },
        &[(14, DoesNotHold, "O_DIRECT gave EINVAL; Linux AIO read back something else")],
    ),
    (
        "fallocate",
        |seen| {
            seen.space = Answer::Saw(Space { reserve: Err(Errno(95)), punch: Ok(false) });
        },
        &[(15, DoesNotHold, "reserving gave EOPNOTSUPP; a hole that was punched is no hole")],
    ),
    (
        "locks that everybody gets",
        |seen| {
            let (fcntl, ofd) = (Exclusion::Shared, Exclusion::Refused(Errno(37)));
            seen.locks = Answer::Saw(Locks { fcntl, ofd });
        },
        &[(16, DoesNotHold, "fcntl was given to two processes at once, OFD gave ENOLCK; b")],
    ),
    (
        "locks that no other client sees",
        |seen| {
            let (fcntl, ofd) = (Exclusion::Shared, Exclusion::Shared);
            seen.locks_apart = Answer::Saw(Locks { fcntl, ofd });
        },
        &[(16, Holds, "between two clients: fcntl was given to two processes at once")],
    ),
    (
        "a chown that libvirt can live with",
        |seen| seen.owner = Answer::Saw(Err(Errno(1))),
        &[(17, Holds, "refused with EPERM")],
    ),
    (
        "a chown that it cannot",
        |seen| seen.owner = Answer::Saw(Err(Errno(13))),
        &[(17, DoesNotHold, "refused with EACCES")],
    ),
    (
        "a chown that does nothing",
        |seen| seen.owner = Answer::Saw(Ok(false)),
        &[(17, DoesNotHold, "the owner stayed")],
    ),
    (
        "trusted attributes",
        |seen| seen.attribute = Answer::Saw(Ok(true)),
        &[(18, DoesNotHold, "set and read back")],
    ),
    (
        "trusted attributes that are refused oddly",
        |seen| seen.attribute = Answer::Saw(Err(Errno(5))),
        &[(18, DoesNotHold, "refused with EIO")],
    ),
    (
        "a name that is seen at once",
        |seen| seen.name_apart = Answer::Saw(Ok(Some(MOMENT))),
        &[(19, NotAsked, "another host was not tried")],
    ),
    (
        "a name that is not seen",
        |seen| seen.name_apart = Answer::Saw(Ok(None)),
        &[(19, Holds, "did not see it")],
    ),
    (
        "no port",
        |seen| root(seen).status_port = Err(Errno(61)),
        &[(20, DoesNotHold, "getxattr gave ENODATA")],
    ),
    (
        "a second mount that is refused",
        |seen| {
            let returned = Err("exited with status 1".into());
            seen.on_top = Answer::Saw(Second { returned, more: 0 });
        },
        &[(21, DoesNotHold, "a second mount was refused; a directory with a file in it was r")],
    ),
    (
        "a volume that nobody may write to",
        |seen| seen.scratch = Answer::Saw(Err(Errno(13))),
        &[(22, DoesNotHold, "the making of a directory gave EACCES")],
    ),
    (
        "a client that does not answer",
        |seen| seen.space = Answer::Silent { waited: Duration::from_secs(5) },
        &[(15, DoesNotHold, "there was no answer within 5.00 s")],
    ),
];

#[test]
fn each_fault_is_found_in_its_own_assumption_and_told() {
    let usual = judge(&good());
    for (what, change, expected) in ROWS {
        let mut seen = good();
        change(&mut seen);
        for (finding, usual) in judge(&seen).iter().zip(&usual) {
            let number = finding.assumption.number;
            match expected.iter().find(|(known, ..)| *known == number) {
                Some((_, verdict, said)) => {
                    assert_eq!(finding.verdict, *verdict, "{what}: {finding:?}");
                    assert!(finding.seen.contains(said), "{what}: {finding:?}");
                }
                None => assert_eq!(finding.verdict, usual.verdict, "{what}: {finding:?}"),
            }
        }
    }
    // A row for each that can fail.
    for number in (1..=22).filter(|number| ![11, 19].contains(number)) {
        let fails = |row: &&Row| {
            row.2.iter().any(|(n, verdict, _)| (*n, *verdict) == (number, DoesNotHold))
        };
        assert!(ROWS.iter().any(|row| fails(&row)), "A{number}");
    }
}

#[test]
fn only_what_the_product_cannot_do_without_is_a_fault() {
    let mut seen = good();
    seen.space = Answer::Saw(Space { reserve: Err(Errno(95)), punch: Err(Errno(95)) });
    assert!(!judge(&seen).iter().any(Finding::is_fault));
    seen.owner = Answer::Saw(Err(Errno(13)));
    let faults: Vec<u8> =
        judge(&seen).iter().filter(|it| it.is_fault()).map(|it| it.assumption.number).collect();
    assert_eq!(faults, [17]);
}

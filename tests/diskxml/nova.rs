//! `disk-xml --nova` against what Nova's own driver writes: as recorded in `nova/`, and as asked anew by `with-nova`.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, TestRunner};
use serde_json::{Map, Value, json};
use virt_quobyte::diskxml::WrittenDisk;
use virt_quobyte::diskxml::nova::{Attachment, Fidelity, NovaError};
use virt_quobyte::share::MountPoint;

const SCHEMA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/nova-attachment.schema.json");

fn ours(attachment: &Value, fidelity: Fidelity) -> Result<String, NovaError> {
    let base: MountPoint = "/var/lib/nova/mnt".parse().expect("a good path");
    let disk = Attachment::parse(&attachment.to_string())?.disk(&base)?;
    Ok(WrittenDisk::Nova(disk, fidelity).to_xml())
}

fn fixtures() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diskxml/nova");
    let entries = fs::read_dir(folder).expect("readable");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).expect("readable");
        let value = serde_json::from_str(&text).expect("JSON");
        (path, value)
    };
    paths.into_iter().map(read).collect()
}

#[test]
fn what_nova_was_seen_to_write_is_written() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 10, "only {} fixtures", fixtures.len());
    for (path, attachment) in fixtures {
        let recorded = fs::read_to_string(path.with_extension("xml")).expect("its other half");
        let xml = ours(&attachment, Fidelity::Exact).unwrap_or_else(|error| error.to_string());
        assert_eq!(xml, recorded, "{}", path.display());
    }
}

#[test]
fn the_recommended_disk_differs_in_its_error_policies_only() {
    for (path, attachment) in fixtures() {
        let exact = ours(&attachment, Fidelity::Exact).expect("a good fixture");
        let better = ours(&attachment, Fidelity::Recommended).expect("a good fixture");
        let added = " error_policy=\"stop\" rerror_policy=\"stop\"";
        assert_eq!(better.matches(added).count(), 1, "{}", path.display());
        assert_eq!(better.replace(added, ""), exact, "{}", path.display());
    }
}

#[test]
fn what_nova_or_libvirt_would_refuse_is_refused_with_the_reason() {
    let good = json!({
        "connection_info": {"serial": "v-1", "data": {"export": "r/v", "name": "volume-1"}},
        "disk_info": {"bus": "virtio", "dev": "vda", "type": "disk"},
    });
    assert!(ours(&good, Fidelity::Exact).is_ok());
    for (pointer, value, words) in [
        ("/connection_info/data/access_mode", json!("rx"), ["access_mode", "'ro' or 'rw'"]),
        ("/connection_info/data/access_mode", json!("a\u{1b}"), ["access_mode", "\\u{1b}"]),
        ("/connection_info/data/name", json!("../x"), ["data.name", "'/'"]),
        ("/connection_info/data/name", json!("/etc/shadow"), ["data.name", "'/'"]),
        ("/connection_info/data/name", json!("a\nb"), ["data.name", "'\\n'"]),
        ("/connection_info/data/export", json!("--help/v"), ["data.export", "'-'"]),
        ("/connection_info/data/export", json!("r"), ["data.export", "no '/'"]),
        ("/connection_info/data/format", json!("vmdk"), ["data.format", "'qcow2'"]),
        ("/connection_info/data/format", Value::Null, ["null", "string"]),
        ("/connection_info/data/qos_specs", json!({"read_iops_sec": "1k"}), ["read_iops", "1k"]),
        ("/connection_info/data/qos_specs", json!({"read_iops_sec": 1.5}), ["read_iops", "1.5"]),
        ("/connection_info/data/logical_block_size", json!(512), ["512", "string"]),
        ("/connection_info/data/logical_block_size", json!("513"), ["513", "power of two"]),
        ("/connection_info/data/volume_id", json!("a b"), ["alias", "a b"]),
        ("/connection_info/serial", json!("a/b"), ["alias", "a/b"]),
        ("/connection_info/serial", json!(" "), ["alias", "' '"]),
        ("/disk_info/dev", json!("sda"), ["sda", "virtio"]),
        ("/disk_info/type", json!("lun"), ["disk_info.type", "'cdrom'"]),
        ("/disk_info/bus", json!("xen"), ["disk_info.bus", "'virtio'"]),
        ("/secret_uuid", json!("c7a5"), ["secret_uuid", "not a UUID"]),
    ] {
        let mut bad = good.clone();
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        bad.pointer_mut(parent).expect("there")[key] = value;
        let refused = ours(&bad, Fidelity::Exact).expect_err(pointer).to_string();
        for word in words {
            assert!(refused.contains(word), "{pointer}: {refused}");
        }
        assert!(!refused.contains(char::is_control), "{refused:?}");
    }
}

/// What Nova answered.
#[derive(Debug)]
struct Answer {
    xml: Result<String, String>,
    schema: bool,
}

/// Asks Nova's own driver, or says why not.
fn ask(attachments: &[Value]) -> Option<Vec<Answer>> {
    let Some(python) = std::env::var_os("NOVA_PYTHON") else {
        println!("skipped: tests/diskxml/with-nova names no Python with Nova");
        return None;
    };
    let mut child = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diskxml/ask-nova.py"))
        .arg(SCHEMA)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
    let lines: String = attachments.iter().flat_map(|it| [it.to_string(), "\n".into()]).collect();
    let mut stdin = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("no panic").expect("all was read");
    assert!(output.status.success(), "{}", output.status);
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<_> = text
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).expect("JSON");
            let of = |key: &str| answer[key].as_str().map(str::to_owned);
            Answer {
                xml: of("xml").ok_or_else(|| of("error").expect("one of both")),
                schema: answer["schema"].as_bool().expect("a verdict"),
            }
        })
        .collect();
    assert_eq!(answers.len(), attachments.len());
    Some(answers)
}

#[test]
fn the_fixtures_are_what_nova_writes() {
    let fixtures = fixtures();
    let attachments: Vec<_> = fixtures.iter().map(|(_, attachment)| attachment.clone()).collect();
    let Some(answers) = ask(&attachments) else { return };
    for ((path, _), answer) in fixtures.iter().zip(answers) {
        let xml = answer.xml.expect("Nova takes it");
        assert!(answer.schema, "{}", path.display());
        let path = path.with_extension("xml");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, xml).expect("written");
        } else {
            assert_eq!(xml, fs::read_to_string(&path).expect("readable"), "{}", path.display());
        }
    }
}

#[test]
fn nova_itself_writes_the_same_for_every_attachment_that_is_taken() {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        proptest::test_runner::TestRng::deterministic_rng(
            proptest::test_runner::RngAlgorithm::ChaCha,
        ),
    );
    let mut draw = |strategy: &BoxedStrategy<Value>, count: usize| -> Vec<Value> {
        (0..count).map(|_| strategy.new_tree(&mut runner).expect("a value").current()).collect()
    };
    let sound = draw(&sound_attachment().boxed(), 3000);
    let odd = draw(&odd_attachment().boxed(), 3000);

    for attachment in &sound {
        let made = ours(attachment, Fidelity::Exact);
        assert!(made.is_ok(), "{attachment}: {}", made.expect_err("an error"));
    }
    let Some(answers) = ask(&[sound.clone(), odd.clone()].concat()) else { return };
    let (mut same, mut both_refuse, mut stricter) = (0, 0, 0);
    for (attachment, answer) in sound.iter().chain(&odd).zip(&answers) {
        let made = ours(attachment, Fidelity::Exact);
        match (&made, &answer.xml) {
            (Ok(made), Ok(xml)) => {
                assert_eq!(made, xml, "{attachment}");
                same += 1;
            }
            (Ok(_), Err(error)) => panic!("Nova refuses {attachment}: {error}"),
            (Err(_), Err(_)) => both_refuse += 1,
            (Err(_), Ok(_)) => stricter += 1,
        }
        assert!(made.is_err() || answer.schema, "the schema refuses what is taken: {attachment}");
    }
    println!("{same} alike, {both_refuse} refused by both, {stricter} refused here only");
    assert!(same >= sound.len() && both_refuse > 100, "the sample is too narrow");
}

/// An object of pairs, some of which are there.
fn object(pairs: Vec<(&'static str, Option<Value>)>) -> Value {
    let present = pairs.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(present.collect::<Map<_, _>>())
}

fn number() -> impl Strategy<Value = Value> {
    (1_u64..1_000_000_000, any::<bool>())
        .prop_map(|(n, text)| if text { json!(n.to_string()) } else { json!(n) })
}

fn qos() -> impl Strategy<Value = Value> {
    let rates = prop_oneof![
        Just(&["total_bytes_sec", "total_iops_sec"][..]),
        Just(&["read_bytes_sec", "write_bytes_sec", "total_iops_sec"][..]),
        Just(&["total_bytes_sec", "read_iops_sec", "write_iops_sec"][..]),
        Just(&["read_iops_sec", "write_bytes_sec"][..]),
    ];
    (rates, prop::collection::vec(number(), 8), any::<(bool, bool)>()).prop_map(
        |(rates, values, (bursts, size))| {
            let mut specs = Map::new();
            for (rate, value) in rates.iter().zip(&values) {
                specs.insert((*rate).to_owned(), value.clone());
                if bursts {
                    specs.insert(format!("{rate}_max"), json!("1000000000"));
                }
            }
            if size {
                specs.insert("size_iops_sec".into(), values[7].clone());
            }
            specs.insert("maxIOPS".into(), json!("not Nova's"));
            Value::Object(specs)
        },
    )
}

/// What Cinder and Nova store, in all its variety, and that libvirt takes.
fn sound_attachment() -> impl Strategy<Value = Value> {
    let place = prop_oneof![
        (Just("virtio"), "vd[a-z]", Just("disk")),
        (Just("scsi"), "sd[a-z]{1,2}", prop_oneof![Just("disk"), Just("cdrom")]),
        (Just("sata"), "sd[a-z]", Just("cdrom")),
        (Just("usb"), "sd[a-z]", Just("disk")),
        (Just("ide"), "hd[a-d]", Just("cdrom")),
    ];
    let uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
    let id = prop_oneof![uuid, "[A-Za-z0-9][A-Za-z0-9_.-]{0,20}"];
    let data = (
        (
            "(quobyte://)?[a-z0-9.]{1,8}(:7861)?(,[a-z]{1,5})?/[A-Za-z0-9_][A-Za-z0-9_ #&'<>-]{0,8}x",
            "[!-.0-~ä東 ]{1,20}x",
        ),
        prop::option::of(prop_oneof![Just("raw"), Just("qcow2")]),
        prop::option::of(id.clone()),
        prop::option::of(prop_oneof![
            Just(json!("rw")),
            Just(json!("ro")),
            Just(json!("")),
            Just(Value::Null)
        ]),
        prop::option::of(prop_oneof![
            Just(json!(true)),
            Just(json!(false)),
            Just(json!("True")),
            Just(json!(1))
        ]),
        prop::option::of(prop_oneof![
            qos(),
            Just(json!([1])),
            Just(json!({})),
            Just(Value::Null),
            Just(json!("x"))
        ]),
        prop::option::of(prop_oneof![
            Just((Some("512"), None)),
            Just((Some("4096"), Some("4096"))),
            Just((None, Some("4096")))
        ]),
        prop::option::of(any::<u8>()),
    );
    (
        place,
        data,
        prop::option::of(id),
        prop::option::of(any::<bool>()),
        prop::option::of(0_u16..256),
        prop::option::of(uuid),
    )
        .prop_map(|((bus, dev, device), data, serial, multiattach, unit, secret)| {
            let ((export, name), format, volume_id, access, discard, qos, blocks, foreign) = data;
            // What libvirt would not take together.
            let multiattach = multiattach.filter(|_| format != Some("qcow2"));
            let blocks = blocks.filter(|_| device == "disk").unwrap_or_default();
            let secret = secret.filter(|_| volume_id.is_some() || serial.is_some());
            let text = |text: Option<&str>| text.map(|text| json!(text));
            json!({
                "connection_info": object(vec![
                    ("driver_volume_type", Some(json!("quobyte"))),
                    ("serial", serial.map(Value::from)),
                    ("multiattach", multiattach.map(Value::from)),
                    ("data", Some(object(vec![
                        ("export", Some(json!(export))),
                        ("name", Some(json!(name))),
                        ("format", text(format)),
                        ("volume_id", volume_id.map(Value::from)),
                        ("access_mode", access),
                        ("discard", discard),
                        ("qos_specs", qos),
                        ("logical_block_size", text(blocks.0)),
                        ("physical_block_size", text(blocks.1)),
                        ("encrypted", foreign.map(Value::from)),
                    ]))),
                ]),
                "disk_info": object(vec![
                    ("bus", Some(json!(bus))),
                    ("dev", Some(json!(dev))),
                    ("type", Some(json!(device))),
                    ("unit", unit.map(Value::from)),
                    ("boot_index", foreign.map(|n| json!(n.to_string()))),
                ]),
                "secret_uuid": secret,
            })
        })
}

/// A sound one with one value that is something else, or gone.
fn odd_attachment() -> impl Strategy<Value = Value> {
    let pointer = prop::sample::select(vec![
        ("/connection_info", "data"),
        ("/connection_info", "serial"),
        ("/connection_info", "multiattach"),
        ("/connection_info/data", "export"),
        ("/connection_info/data", "name"),
        ("/connection_info/data", "format"),
        ("/connection_info/data", "volume_id"),
        ("/connection_info/data", "access_mode"),
        ("/connection_info/data", "discard"),
        ("/connection_info/data", "qos_specs"),
        ("/connection_info/data", "logical_block_size"),
        ("/connection_info/data", "physical_block_size"),
        ("/disk_info", "bus"),
        ("/disk_info", "dev"),
        ("/disk_info", "type"),
        ("/disk_info", "unit"),
    ]);
    let value = prop_oneof![
        Just(None),
        Just(Some(Value::Null)),
        any::<bool>().prop_map(|it| Some(json!(it))),
        any::<i32>().prop_map(|it| Some(json!(it))),
        "[ -~\\t\\n\\x01äx/.]{0,6}".prop_map(|it| Some(json!(it))),
        prop::sample::select(vec![
            "rw", "ro", "512", "1024", "raw", "disk", "lun", "scsi", "vdb", "sdb", ".."
        ])
        .prop_map(|it| Some(json!(it))),
        Just(Some(json!({"total_bytes_sec": 0, "read_iops_sec": "0"}))),
        Just(Some(json!({"total_bytes_sec": null, "read_iops_sec": "01"}))),
        Just(Some(json!([]))),
    ];
    (sound_attachment(), pointer, value).prop_map(|(mut attachment, (parent, key), value)| {
        let parent = attachment.pointer_mut(parent).and_then(Value::as_object_mut).expect("there");
        match value {
            Some(value) => parent.insert(key.to_owned(), value),
            None => parent.remove(key),
        };
        attachment
    })
}

//! The hook run by hand, with what libvirt would give it and with what it never should: not a byte
//! on stdout, and an exit status that says no where a no is allowed.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::scenarios;
use crate::guest::{Cache, Spec};
use crate::host::{Host, Output};
use crate::mounts;
use crate::runner::Verdict;
use crate::share::{self, Share};

scenarios!("hook", WithProduct:
    no_operation_writes_on_stdout,
    operations_that_must_not_fail_take_any_input,
    a_prepare_it_cannot_read_is_refused_in_one_escaped_paragraph,
    an_unknown_operation_passes,
    it_closes_what_libvirt_gave_it_before_it_is_done,
);

const HOOK: &str = "/usr/sbin/virt-quobyte-hook";

/// All that libvirt calls a QEMU hook with.
const OPERATIONS: [[&str; 3]; 10] = [
    ["prepare", "begin", "-"],
    ["start", "begin", "-"],
    ["started", "begin", "-"],
    ["stopped", "end", "-"],
    ["release", "end", "-"],
    ["release", "end", "from snapshot"],
    ["migrate", "begin", "-"],
    ["restore", "begin", "-"],
    ["reconnect", "begin", "-"],
    ["attach", "begin", "-"],
];

/// Where libvirt ignores a failure, or kills a running guest for it.
const MUST_NOT_FAIL: [&str; 5] = ["start", "started", "stopped", "release", "reconnect"];

fn no_operation_writes_on_stdout(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "silent")?;
    share::configure(host, "", &[&share])?;
    let xml = Spec::named("silent")?.disk(&share.image("disk.img")?, Cache::None).xml();
    for operation in OPERATIONS {
        let output = hook(host, "silent", operation, xml.as_bytes())?;
        ensure!(output.stdout.is_empty(), "libvirt could take this for XML: {output}");
        output.done().with_context(|| format!("with a good domain: {operation:?}"))?;
    }
    share.is_not_mounted()?;
    Ok(Verdict::Passed)
}

fn operations_that_must_not_fail_take_any_input(host: &Host) -> Result<Verdict> {
    for operation in OPERATIONS.into_iter().filter(|[name, ..]| MUST_NOT_FAIL.contains(name)) {
        for (what, input) in bad_inputs() {
            let output = hook(host, "bad", operation, &input)?;
            ensure!(output.stdout.is_empty(), "{what}: {output}");
            output.done().with_context(|| what.to_owned())?;
        }
    }
    Ok(Verdict::Passed)
}

fn a_prepare_it_cannot_read_is_refused_in_one_escaped_paragraph(host: &Host) -> Result<Verdict> {
    for (what, input) in bad_inputs() {
        let output = hook(host, "bad\u{1b}[31m\nname", ["prepare", "begin", "-"], &input)?;
        ensure!(output.stdout.is_empty(), "{what}: {output}");
        let output = output.failure().with_context(|| what.to_owned())?;
        let text = String::from_utf8(output.stderr.clone())
            .with_context(|| format!("{what}: not UTF-8: {output}"))?;
        let paragraph = text.trim_end_matches('\n');
        ensure!(!paragraph.is_empty(), "{what}: refused without a word");
        ensure!(!paragraph.contains("\n\n"), "{what}: more than a paragraph: {output}");
        let control = paragraph.chars().find(|c| c.is_control() && *c != '\n');
        ensure!(control.is_none(), "{what}: {control:?} in the message: {output}");
    }
    let mounts = mounts::fuse(host)?;
    ensure!(mounts.is_empty(), "mounted for nothing: {mounts:?}");
    Ok(Verdict::Passed)
}

fn an_unknown_operation_passes(host: &Host) -> Result<Verdict> {
    let xml = Spec::named("future")?.xml();
    for operation in [["thaw", "begin", "-"], ["prepare", "middle", "-"], ["", "", ""]] {
        let output = hook(host, "future", operation, xml.as_bytes())?;
        ensure!(output.stdout.is_empty(), "{output}");
        output.done()?;
    }
    Ok(Verdict::Passed)
}

fn it_closes_what_libvirt_gave_it_before_it_is_done(host: &Host) -> Result<Verdict> {
    let share = Share::new(host, "closed")?;
    share::configure(host, "", &[&share])?;
    let xml = Spec::named("closed")?.disk(&share.image("disk.img")?, Cache::None).xml();
    // A pipe that ends only when nobody holds its write end any more, as libvirt reads it.
    let script = format!("{HOOK} closed prepare begin - 2>&1 | cat");
    let output = host.command("bash").args(["-o", "pipefail", "-c", &script]).stdin(xml.clone());
    let output = output.deadline(Duration::from_secs(15)).run()?;
    output.done().context("the mounted share's daemon holds the hook's pipes")?;
    share.is_mounted()?;
    hook(host, "closed", ["release", "end", "-"], xml.as_bytes())?.done()?;
    share.is_not_mounted()?;
    Ok(Verdict::Passed)
}

fn bad_inputs() -> Vec<(&'static str, Vec<u8>)> {
    let domain = "<domain type='qemu'><name>bad</name><uuid>6f1d7a7e-1111-4c1e-9d2f-5a2b3c4d5e6f</uuid></domain>";
    vec![
        ("nothing", Vec::new()),
        ("a cut-off domain", domain.as_bytes()[..60].to_vec()),
        ("a network", b"<network><name>bad</name></network>".to_vec()),
        ("no XML", b"\x1b[2Jhello\n".to_vec()),
        ("no UTF-8", b"<domain><name>\xff\xfe</name></domain>".to_vec()),
        ("a UUID that is none", domain.replace("6f1d7a7e", "\u{1b}[31m").into_bytes()),
        (
            "a name with a newline in place of the UUID",
            b"<domain><name>a\nb</name></domain>".to_vec(),
        ),
        ("two documents", domain.repeat(2).into_bytes()),
        ("a document type", format!("<!DOCTYPE domain [<!ENTITY a 'b'>]>{domain}").into_bytes()),
        ("zeros", vec![0; 4096]),
    ]
}

fn hook(host: &Host, domain: &str, operation: [&str; 3], xml: &[u8]) -> Result<Output> {
    // The environment that libvirt leaves.
    host.command("env")
        .args([
            "-i",
            "LC_ALL=C",
            "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
            HOOK,
            domain,
        ])
        .args(operation)
        .stdin(xml)
        .deadline(Duration::from_secs(30))
        .run()
}

//! libvirt's QEMU driver, asked in the admin command's own process, judges a domain as libvirtd does, and nothing of that is left
//! on the host.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::scenarios;
use crate::host::Host;
use crate::runner::Verdict;

scenarios!("judged", WithProduct:
    the_driver_in_process_says_what_libvirtd_says_and_leaves_nothing,
);

/// A domain with this driver, device and disk element, on one line and without a double quote, so that it is a JSON string as it is.
fn domain(kind: &str, driver: &str, more: &str) -> String {
    format!(
        "<domain type='{kind}'><name>judged</name><memory>65536</memory><os><type arch='x86_64'>hvm</type></os><devices>\
         <disk type='file' device='disk'><driver name='qemu' {driver}/><source file='/srv/judged.img'/>\
         <target dev='vda' bus='virtio'/>{more}</disk></devices></domain>"
    )
}

fn the_driver_in_process_says_what_libvirtd_says_and_leaves_nothing(
    host: &Host,
) -> Result<Verdict> {
    let plain = "type='raw' cache='none' io='native'";
    let documents = [
        domain("qemu", plain, ""),
        domain("qemu", "type='raw' cache='writeback' io='native'", ""),
        domain("qemu", "type='raw' cache='fast'", ""),
        domain("qemu", "type='raw' iothread='1'", ""),
        domain("qemu", "type='qcow2'", "<shareable/>"),
        domain("qemu", "type='iso'", ""),
        // Once more: the first one is not in its way.
        domain("qemu", plain, "<serial>0815</serial>"),
    ];
    let embedded = answers(host, r#""qemu""#, &documents)?;
    let native = answers(host, r#"{"at":"qemu:///system"}"#, &documents)?;
    for ((xml, embedded), native) in documents.iter().zip(&embedded).zip(&native) {
        let told = defined(host, xml)?;
        let expected = match &told {
            None => "\"accepted\"".to_owned(),
            Some(message) => format!(r#"{{"refused":"{message}"}}"#),
        };
        ensure!(*embedded == expected, "{xml}: {embedded}, and libvirtd says {told:?}");
        ensure!(
            *native == expected,
            "{xml}: domxml-to-native: {native}, and libvirtd says {told:?}"
        );
    }
    let accepted = embedded.iter().filter(|answer| *answer == "\"accepted\"").count();
    ensure!(accepted == 2, "{accepted} of {embedded:?} are accepted");

    let domains = host.command("virsh").args(["list", "--all", "--name"]).succeeds()?.stdout_text();
    ensure!(!domains.contains("judged"), "defined on the host: {domains}");
    let emulators = host.command("pgrep").args(["-f", "judged root"]).run()?;
    ensure!(!emulators.succeeded(), "left: {emulators}");
    Ok(Verdict::Passed)
}

/// What the child answers to a question for each document. One child for each of whom it asks: a process that has the QEMU driver
/// in it does not look for one elsewhere.
fn answers(host: &Host, of: &str, documents: &[String]) -> Result<Vec<String>> {
    const ROOT: &str = "/var/tmp/judged root";
    host.command("mkdir").arg(ROOT).done()?;
    let mut questions = String::new();
    for xml in documents {
        writeln!(questions, r#"{{"of":{of},"xml":"{xml}"}}"#)?;
    }
    let said = host
        .command("virt-quobyte")
        .args(["--libvirt-judges", ROOT])
        .stdin(questions)
        .deadline(Duration::from_secs(120))
        .succeeds()?
        .stdout_text();
    ensure!(!host.outside(ROOT).exists(), "{ROOT} is left");
    let answers: Vec<String> = said.lines().map(str::to_owned).collect();
    ensure!(answers.len() == documents.len(), "{} answers: {said}", answers.len());
    Ok(answers)
}

/// Why libvirtd does not define this, if it does not. What it defines is undefined.
fn defined(host: &Host, xml: &str) -> Result<Option<String>> {
    const FILE: &str = "/var/tmp/judged.xml";
    host.write(FILE, xml)?;
    let define = host.command("virsh").args(["define", FILE]).run()?;
    host.remove(FILE)?;
    if define.succeeded() {
        host.command("virsh").args(["undefine", "judged"]).done()?;
        return Ok(None);
    }
    let said = define.stderr_text();
    let message = said.lines().filter_map(|line| line.strip_prefix("error: ")).next_back();
    Ok(Some(message.context("virsh gives no reason")?.to_owned()))
}

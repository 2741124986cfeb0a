//! What `virt-quobyte doctor` says of another host: only what its libvirt tells.

use anyhow::{Result, ensure};

use super::doctor::{check, checks};
use super::scenarios;
use crate::pair::Pair;
use crate::runner::Verdict;

scenarios!("two hosts", OnTwoHosts: of_another_host_doctor_says_what_its_libvirt_tells);

fn of_another_host_doctor_says_what_its_libvirt_tells(pair: &mut Pair) -> Result<Verdict> {
    let uri = format!("qemu+tcp://{}/system", pair.right().name());
    let words = ["doctor", "--json", "--connect", &uri];
    let asked = pair.left().command("virt-quobyte").args(words).run()?.success()?;
    let said = checks(&asked)?;
    let subjects: Vec<_> = said.iter().map(|check| &check["subject"]).collect();
    ensure!(
        subjects == ["libvirt", "libvirt daemon", "security models", "everything else"],
        "{asked}"
    );
    for (subject, verdict, seen) in [
        ("libvirt", "good", "knows qemu.d"),
        ("libvirt daemon", "good", uri.as_str()),
        ("everything else", "cannot-tell", "on that host only"),
    ] {
        let check = check(&said, subject)?;
        let seen = check["seen"].as_str().is_some_and(|text| text.contains(seen));
        ensure!(check["verdict"] == verdict && seen, "{check}");
    }
    let remedy = &check(&said, "everything else")?["remedy"];
    ensure!(remedy == "on that host: virt-quobyte doctor", "{remedy}");
    // One that is not there is said at once, and nothing else.
    let nowhere = "qemu+tcp://lab-nowhere/system";
    let said = pair
        .left()
        .command("virt-quobyte")
        .args(["doctor", "--connect", nowhere])
        .run()?
        .failure()?;
    let told = said.stderr_text();
    ensure!(told.contains(nowhere) && said.stdout_text().is_empty(), "{said}");
    Ok(Verdict::Passed)
}

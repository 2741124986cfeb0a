//! The child in which libvirt's drivers are asked about a domain. What the QEMU driver says is the lab's matter; the test driver
//! is in every libvirt.

use crate::Desk;

/// Two questions of the test driver, whose own host has a domain called `test`.
const QUESTIONS: &str = r#"{"of":"test","xml":"<domain type='kvm'><name>test</name><memory>1</memory><os><type>hvm</type></os></domain>"}
{"of":"test","xml":"<domain type='kvm'><name>test</name><memory>1</memory><os><type>hvm</type></os><devices><disk><target dev='xyz'/></disk></devices></domain>"}
{"of":"test","xml":"<domain type='kvm'><name>test</name><uuid>00000000-0000-4000-8000-000000000001</uuid><memory>1</memory><os><type>hvm</type></os></domain>"}
{"of":{"at":"test:///default"},"xml":"<domain/>"}
{"of":{"at":"none:///"},"xml":"<domain/>"}
"#;

#[test]
fn libvirts_test_driver_judges_a_domain_and_its_root_is_gone_afterwards() {
    let desk = Desk::new("");
    let root = desk.path("a root");
    std::fs::create_dir(&root).expect("made");
    let said = desk.run(&["--libvirt-judges", root.to_str().expect("UTF-8")], QUESTIONS);
    assert_eq!((said.status, said.stderr.as_str()), (0, ""));
    let answers: Vec<&str> = said.stdout.lines().collect();
    assert_eq!(answers.len(), 5, "{answers:?}");
    // The third is another domain of the first one's name: that one is not there any more.
    assert_eq!([answers[0], answers[2]], ["\"accepted\""; 2]);
    assert!(answers[1].starts_with(r#"{"refused":""#) && answers[1].contains("xyz"), "{answers:?}");
    for nobody in &answers[3..] {
        assert!(nobody.starts_with(r#"{"nobody":""#), "{nobody}");
    }
    assert!(!root.exists(), "the root is left");
}

#[test]
fn a_root_that_is_somebodys_is_left_alone() {
    let desk = Desk::new("");
    let place = desk.path("");
    let said = desk.run(&["--libvirt-judges", place.to_str().expect("UTF-8")], QUESTIONS);
    assert_eq!((said.status, said.stdout.as_str()), (1, ""));
    assert!(desk.path("config.toml").exists());
}

//! libvirt itself reads what is written, and writes the same.
//!
//! Its test driver lives in its library, so no daemon is asked. It parses and checks as every driver does; what only the QEMU
//! driver refuses is tried in the lab.

use virt::connect::Connect;
use virt::domain::Domain;
use virt_quobyte::diskxml::WrittenDisk;
use virt_quobyte::xml::Tree;

use crate::specs::disks;

#[test]
fn libvirt_writes_the_very_element_back() {
    let connection = Connect::open(Some("test:///default")).expect("libvirt's test driver");
    let disks = disks(300);
    for disk in &disks {
        let written = WrittenDisk::Libvirt(disk.clone()).to_xml();
        let document = format!(
            "<domain type='test'><name>round-trip</name><memory>1024</memory><iothreads>9</iothreads><os><type>hvm</type></os>\
             <devices>{written}</devices></domain>"
        );
        let domain = Domain::define_xml(&connection, &document)
            .unwrap_or_else(|error| panic!("{error}: {written}"));
        let back = domain.get_xml_desc(virt::sys::VIR_DOMAIN_XML_INACTIVE).expect("its XML");
        let tree = Tree::read(back.as_bytes()).expect("well-formed");
        let element = tree.root().at("devices/disk").expect("the disk");
        let address = element.child("address").filter(|_| disk.spec().unit.is_none());
        let lines = |text: &str| -> Vec<String> {
            text.lines()
                .map(|line| line.trim().to_owned())
                .filter(|line| !line.is_empty())
                .collect()
        };
        let mut element_text = back[element.span().range()].to_owned();
        if let Some(address) = address {
            // The place that libvirt chose, as none was asked for.
            element_text = element_text.replace(&back[address.span().range()], "");
        }
        assert_eq!(lines(&element_text), lines(&written));
        domain.undefine().expect("it is not running");
    }
}

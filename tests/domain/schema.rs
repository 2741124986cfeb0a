//! The table of places against the schema of the libvirt on this machine: every attribute and
//! element that the schema types as a path is in the table, or here with the reason why not.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use virt_quobyte::domain::places::{self, Item};

const SCHEMAS: &str = "/usr/share/libvirt/schemas";

/// The definitions of `basictypes.rng` that stand for a path, and `deviceName`, which sometimes
/// does.
const PATH_TYPES: [&str; 6] =
    ["absFilePath", "filePath", "absDirPath", "dirPath", "vmwarePath", "deviceName"];

/// What has such a type, and is nothing that a guest opens.
const LEFT_OUT: [(&str, &str); 9] = [
    ("resource/partition", "a control group, whose name is written like a path"),
    ("os/root", "the root device as the guest's kernel names it"),
    ("devices/hostdev/source/interface", "the name of a network card"),
    ("devices/interface/guest@actual", "the name of a network card inside a container"),
    ("devices/interface/guest@dev", "the name of a network card inside a container"),
    ("devices/interface/portForward@dev", "the name of a network card"),
    ("devices/interface/source@name", "the name of a network or of a port group"),
    ("devices/interface/source@portgroup", "the name of a port group"),
    ("devices/interface/target@dev", "the name of the tap device that libvirt creates"),
];

/// An element of the schema, with what is in it.
#[derive(Debug)]
struct Node {
    kind: String,
    attributes: HashMap<String, String>,
    children: Vec<Node>,
    text: String,
}

impl Node {
    fn open(tag: &BytesStart<'_>) -> Self {
        let attributes = tag.attributes().map(|attribute| {
            let attribute = attribute.expect("an attribute");
            (attribute.key.as_ref().to_owned(), attribute.value.into_owned())
        });
        Self {
            kind: tag.local_name().as_ref().to_owned(),
            attributes: attributes.collect(),
            children: Vec::new(),
            text: String::new(),
        }
    }

    fn get(&self, attribute: &str) -> Option<&str> {
        self.attributes.get(attribute).map(String::as_str)
    }

    /// The names that an `element` or `attribute` can have. Any name, or one of a namespace, is
    /// none that could be in the table.
    fn names(&self) -> Vec<&str> {
        fn of_class(node: &Node) -> Vec<&str> {
            match node.kind.as_str() {
                "name" => vec![node.text.trim()],
                "choice" => node.children.iter().flat_map(of_class).collect(),
                _ => Vec::new(),
            }
        }
        match (self.get("ns"), self.get("name")) {
            (Some(_), _) => Vec::new(),
            (None, Some(name)) => vec![name],
            (None, None) => self.children.first().map(of_class).unwrap_or_default(),
        }
    }
}

fn parse(text: &str) -> Node {
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut open = Vec::new();
    loop {
        match reader.read_event().expect("a schema that is XML") {
            Event::Start(tag) => open.push(Node::open(&tag)),
            Event::Text(text) => {
                if let Some(node) = open.last_mut() {
                    node.text.push_str(&text);
                }
            }
            Event::End(_) => {
                let node = open.pop().expect("an element to end");
                match open.last_mut() {
                    Some(parent) => parent.children.push(node),
                    None => return node,
                }
            }
            Event::Eof => panic!("a schema without a root"),
            _ => {}
        }
    }
}

/// Definitions by name: a name that is defined several times is a choice or is replaced, and here
/// only what may be somewhere counts.
#[derive(Default)]
struct Grammar {
    definitions: HashMap<String, Vec<Node>>,
    starts: Vec<Node>,
}

impl Grammar {
    fn load(&mut self, file: &str) {
        let path = Path::new(SCHEMAS).join(file);
        let text =
            fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        self.take(parse(&text));
    }

    fn take(&mut self, node: Node) {
        for child in node.children {
            match child.kind.as_str() {
                "include" => {
                    self.load(child.get("href").expect("what to include"));
                    self.take(child);
                }
                "start" => self.starts.push(child),
                "define" => {
                    let name = child.get("name").expect("a name to define").to_owned();
                    self.definitions.entry(name).or_default().push(child);
                }
                _ => self.take(child),
            }
        }
    }

    /// Notes below `node`, which stands in the element `path`, what may hold a path.
    fn visit<'a>(
        &'a self,
        node: &'a Node,
        path: &[&'a str],
        active: &mut Vec<*const Node>,
        found: &mut BTreeMap<String, BTreeSet<&'a str>>,
    ) {
        for child in &node.children {
            match child.kind.as_str() {
                // Backing stores and data stores nest in themselves: once around is enough.
                "element" if !active.contains(&std::ptr::from_ref(child)) => {
                    active.push(child);
                    for name in child.names() {
                        self.visit(child, &[path, &[name]].concat(), active, found);
                    }
                    active.pop();
                }
                "element" => {}
                "attribute" => {
                    for name in child.names() {
                        let types = path_types(child);
                        found
                            .entry(format!("{}@{name}", path.join("/")))
                            .or_default()
                            .extend(types);
                    }
                }
                "ref" => {
                    let name = child.get("name").expect("a name to refer to");
                    if PATH_TYPES.contains(&name) {
                        found.entry(path.join("/")).or_default().insert(name);
                    }
                    for definition in self.definitions.get(name).into_iter().flatten() {
                        self.visit(definition, path, active, found);
                    }
                }
                _ => self.visit(child, path, active, found),
            }
        }
    }
}

/// The path types that an attribute of the schema refers to.
fn path_types(attribute: &Node) -> Vec<&str> {
    let mut types = Vec::new();
    for child in &attribute.children {
        match (child.kind.as_str(), child.get("name")) {
            ("ref", Some(name)) if PATH_TYPES.contains(&name) => types.push(name),
            _ => types.extend(path_types(child)),
        }
    }
    types
}

fn is_in_table(place: &str) -> bool {
    let (element, attribute) = match place.split_once('@') {
        Some((element, attribute)) => (element, Some(attribute)),
        None => (place, None),
    };
    let (parent, name) = element.rsplit_once('/').unwrap_or(("", element));
    places::items(parent, name).any(|item| match item {
        Item::Text => attribute.is_none(),
        Item::Attribute(known) | Item::AttributeIfAbsolute(known) => attribute == Some(known),
    })
}

#[test]
fn what_the_schema_types_as_a_path_is_in_the_table_or_left_out_for_a_reason() {
    if !Path::new(SCHEMAS).join("domaincommon.rng").exists() {
        println!("skipped: no libvirt schemas on this machine");
        return;
    }
    let mut grammar = Grammar::default();
    grammar.load("domain.rng");
    let mut found = BTreeMap::new();
    for start in &grammar.starts {
        grammar.visit(start, &[], &mut Vec::new(), &mut found);
    }
    let typed = found.iter().filter(|(_, types)| !types.is_empty());
    let typed: Vec<&str> = typed.filter_map(|(place, _)| place.strip_prefix("domain/")).collect();

    for known in ["devices/disk/source@file", "os/kernel", "devices/disk/mirror/source@dev"] {
        assert!(
            typed.contains(&known),
            "the walk over the schema does not find {known}: {typed:#?}"
        );
    }
    let left_out = |place: &str| LEFT_OUT.iter().any(|(known, _)| *known == place);
    let unknown: Vec<_> =
        typed.iter().filter(|place| !is_in_table(place) && !left_out(place)).collect();
    assert!(
        unknown.is_empty(),
        "in the schema, and neither in the table nor left out: {unknown:#?}"
    );
}

#[test]
fn nothing_is_both_in_the_table_and_left_out() {
    for (place, reason) in LEFT_OUT {
        assert!(!is_in_table(place), "{place}: {reason}");
    }
}

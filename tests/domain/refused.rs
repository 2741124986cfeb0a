//! Documents that are not read, each with the message that says why and where.

use virt_quobyte::domain::{self, Problem, ReadError};
use virt_quobyte::xml::{self, MAX_DEPTH, MAX_SIZE};

const IDENTITY: &str = "<name>n</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>";

fn error(source: &[u8]) -> ReadError {
    match domain::read(source) {
        Ok(domain) => panic!("read {domain:?} from {:?}", String::from_utf8_lossy(source)),
        Err(error) => error,
    }
}

#[track_caller]
fn refused(rows: &[(&str, &str)]) {
    for (source, message) in rows {
        assert_eq!(error(source.as_bytes()).to_string(), *message, "{source}");
    }
}

/// The same, for what stands inside `<domain>`, in the second line.
#[track_caller]
fn refused_within(rows: &[(&str, &str)]) {
    for (inner, message) in rows {
        let source = format!("<domain>\n{inner}{IDENTITY}</domain>");
        assert_eq!(error(source.as_bytes()).to_string(), *message, "{inner}");
    }
}

#[test]
fn what_is_no_document() {
    let empty = "there is no document; the XML of a domain, <domain>...</domain>, would be right";
    refused(&[
        ("", &format!("line 1, column 1: {empty}")),
        (" \n ", &format!("line 2, column 2: {empty}")),
        ("<?xml version='1.0'?><!-- a -->", &format!("line 1, column 32: {empty}")),
        (
            "\u{feff}\u{feff};<",
            "line 1, column 2: text outside the root element; nothing but comments may stand beside </domain>",
        ),
        (
            "domain",
            "line 1, column 1: text outside the root element; nothing but comments may stand beside \
             </domain>",
        ),
    ]);
}

#[test]
fn what_is_no_domain() {
    refused(&[
        (
            "<hookData><domain/></hookData>",
            "line 1, column 1: the document is a <hookData>, not a <domain>",
        ),
        (
            "\n <domstatus state='running'/>",
            "line 2, column 2: the document is a <domstatus>, not a <domain>",
        ),
        ("<html><body>", "line 1, column 1: the document is a <html>, not a <domain>"),
        ("<Domain/>", "line 1, column 1: the document is a <Domain>, not a <domain>"),
        (
            "<domain xmlns='urn:example'/>",
            "line 1, column 1: <domain> is in a namespace here; libvirt's is in none",
        ),
        (
            "<!DOCTYPE html>\n<html>",
            "line 1, column 1: a DOCTYPE is not read: libvirt writes none, and it could define entities",
        ),
        (
            "<!DOCTYPE domain [<!ENTITY a 'b'>]><domain/>",
            "line 1, column 1: a DOCTYPE is not read: libvirt writes none, and it could define entities",
        ),
    ]);
}

#[test]
fn only_a_document_that_libvirt_wrote_must_have_a_uuid() {
    let source = b"<domain><name>n</name></domain>";
    assert_eq!(domain::read(source).expect("a domain").uuid, None);
    let error = domain::read_stored(source).expect_err("nothing to key on");
    assert_eq!(
        error.to_string(),
        "line 1, column 1: the domain has no <uuid>; libvirt writes one into every document"
    );
    let source = format!("<domain>{IDENTITY}</domain>");
    let (domain, uuid) = domain::read_stored(source.as_bytes()).expect("stored");
    assert_eq!(domain.uuid.map(|uuid| uuid.value), Some(uuid));
}

#[test]
fn the_uuid_alone_is_read_though_all_behind_it_is_missing() {
    let source = format!("<domain><metadata><uuid>no</uuid></metadata>{IDENTITY}<devices><disk");
    let uuid = domain::read_uuid(source.as_bytes()).expect("it stands there");
    assert_eq!(uuid.to_string(), "4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
    let cut = source.strip_suffix("</uuid><devices><disk").expect("it ends so");
    domain::read_uuid(cut.as_bytes()).expect_err("half a UUID can be another one");
    domain::read_uuid(b"<domain><name>n</name></domain>").expect_err("none");
}

#[test]
fn who_it_is_must_be_said_once() {
    let uuid = "<uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>";
    let missing = |element: &str| {
        format!(
            "line 1, column 1: the domain has no <{element}>; libvirt writes one into every document"
        )
    };
    refused(&[
        (&format!("<domain>{uuid}</domain>"), &missing("name")),
        (&format!("<domain><a><name>n</name></a>{uuid}</domain>"), &missing("name")),
        (&format!("<domain><x:name xmlns:x='u'>n</x:name>{uuid}</domain>"), &missing("name")),
        (
            &format!("<domain><name/>{uuid}</domain>"),
            "line 1, column 16: the domain name is empty; libvirt wants at least one character",
        ),
        (
            "<domain>\n<name>n</name>\n <uuid>\u{1b}4dea</uuid></domain>"
                .replace('\u{1b}', "\u{202e}")
                .as_str(),
            "line 3, column 8: '\\u{202e}4dea' is not a UUID; 32 hexadecimal digits such as \
             c7a5fdbd-edaf-9455-926a-d65c16db1809 would be right",
        ),
    ]);
    refused_within(&[
        (uuid, "line 2, column 64: the domain has a second <uuid>; one would be right"),
        ("<name>ä</name>", "line 2, column 15: the domain has a second <name>; one would be right"),
        ("<name>a<b/></name>", "line 2, column 8: <b> inside <name>, which holds text only"),
    ]);
}

#[test]
fn what_is_not_well_formed() {
    refused_within(&[
        (
            "<a></b></a>",
            "line 2, column 4: </b> does not end <a>, the element it stands in; </a> would be right",
        ),
        (
            "<a b='1' c='2' b='3'/>",
            "line 2, column 16: the attribute b stands here for the second time; once would be right",
        ),
        (
            "<a b=1/>",
            "line 2, column 4: this is no attribute; name='value', with its quotation marks, would be right",
        ),
        (
            "<a b/>",
            "line 2, column 4: this is no attribute; name='value', with its quotation marks, would be right",
        ),
        (
            "<a b='1'c='2'/>",
            "line 2, column 9: the attributes touch; a space between them would be right",
        ),
        ("<a b='<'/>", "line 2, column 7: < inside the value of an attribute; &lt; would be right"),
        (
            "< a/>",
            "line 2, column 2: no name here; a letter, '_' or ':' must begin it, with no space before",
        ),
        (
            "<1/>",
            "line 2, column 2: no name here; a letter, '_' or ':' must begin it, with no space before",
        ),
        (
            "<? a?>",
            "line 2, column 3: no name here; a letter, '_' or ':' must begin it, with no space before",
        ),
        ("ä & b", "line 2, column 3: & begins no reference here; &amp; would be right"),
        ("<a b='&'/>", "line 2, column 7: & begins no reference here; &amp; would be right"),
        (
            "<a b='x&nbsp;'/>",
            "line 2, column 8: entity &nbsp; is not one of XML's five (amp, lt, gt, apos, quot); the text \
             itself would be right",
        ),
        (
            "x&nbsp;",
            "line 2, column 2: entity &nbsp; is not one of XML's five (amp, lt, gt, apos, quot); the text \
             itself would be right",
        ),
        (
            "&#0;",
            "line 2, column 1: this reference names no character of XML; one like &#10; or &#xA; would be right",
        ),
        (
            "]]>",
            "line 2, column 1: ]]> ends a CDATA section, and none is open; ]]&gt; would be right",
        ),
        ("<!-- -- -->", "line 2, column 6: -- inside a comment; only --> may follow two hyphens"),
        (
            "<!a>",
            "line 2, column 1: <! begins neither a comment (<!--) nor a CDATA section (<![CDATA[)",
        ),
        (
            "<?xml version='1.0'?>",
            "line 2, column 1: <?xml is for the declaration, and only at the very start of the document",
        ),
        (
            "<a\u{0}/>",
            "line 2, column 3: the character U+0000 has no place in XML, not even as a reference",
        ),
        (
            "é\u{1b}[2J",
            "line 2, column 2: the character U+001B has no place in XML, not even as a reference",
        ),
        (
            "\u{fffe}",
            "line 2, column 1: the character U+FFFE has no place in XML, not even as a reference",
        ),
    ]);
    let whole = format!("<domain>{IDENTITY}</domain>");
    let beside = "text outside the root element; nothing but comments may stand beside </domain>";
    refused(&[
        (
            &format!("{whole}\n<domain/>"),
            "line 2, column 2: <domain> follows the end of the document; one root element would be right",
        ),
        (&format!("{whole}\nx"), &format!("line 1, column 81: {beside}")),
        (&format!("{whole}&#10;"), &format!("line 1, column 81: {beside}")),
        (&format!("<![CDATA[]]>{whole}"), &format!("line 1, column 1: {beside}")),
        (
            &format!("{whole}</domain>"),
            "line 1, column 81: </domain> ends nothing: no element is open here",
        ),
        ("</domain>", "line 1, column 1: </domain> ends nothing: no element is open here"),
    ]);
}

#[test]
fn what_the_declaration_must_not_say() {
    let whole = format!("<domain>{IDENTITY}</domain>");
    let bad = "line 1, column 1: this XML declaration is not understood; <?xml version='1.0' encoding='UTF-8'?> would be right";
    let other = "line 1, column 1: the document declares an encoding other than UTF-8; UTF-8, or none, would be right";
    let misplaced = "<?xml is for the declaration, and only at the very start of the document";
    refused(&[
        (&format!("<?xml?>{whole}"), bad),
        (&format!("<?xml version='2.0'?>{whole}"), bad),
        (&format!("<?xml version='1.'?>{whole}"), bad),
        (&format!("<?xml encoding='UTF-8' version='1.0'?>{whole}"), bad),
        (&format!("<?xml version='1.0' standalone='perhaps'?>{whole}"), bad),
        (&format!("<?xml version='1.0' other=''?>{whole}"), bad),
        (&format!("<?xml version='1.0' encoding='ISO-8859-1'?>{whole}"), other),
        (&format!("\n<?xml version='1.0'?>{whole}"), &format!("line 2, column 1: {misplaced}")),
        (&format!("<?XML version='1.0'?>{whole}"), &format!("line 1, column 1: {misplaced}")),
    ]);
    for good in [
        "<?xml version=\"1.0\"?>",
        "<?xml version='1.1' ?>",
        "<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n",
        "\u{feff}<?xml version='1.0'?>",
    ] {
        assert_eq!(domain::read(format!("{good}{whole}").as_bytes()).map(|_| ()), Ok(()), "{good}");
    }
}

#[test]
fn where_it_was_cut_off() {
    refused(&[
        (
            "<domain>\n<devices>",
            "line 2, column 10: the document ends inside <devices>; </devices> is missing",
        ),
        ("<domain><devi", "line 1, column 9: the document ends inside a tag; > is missing"),
        (
            "<domain>\n<a b='c",
            "line 2, column 1: the document ends inside the value of an attribute; the quotation mark ' is missing",
        ),
        (
            "<domain><a b=\"c",
            "line 1, column 9: the document ends inside the value of an attribute; the quotation mark \" is missing",
        ),
        (
            "<domain><!-- c --",
            "line 1, column 9: the document ends inside a comment; --> is missing",
        ),
        (
            "<domain><![CDATA[ ]]",
            "line 1, column 9: the document ends inside a CDATA section; ]]> is missing",
        ),
        (
            "<domain><?a ?",
            "line 1, column 9: the document ends inside a processing instruction; ?> is missing",
        ),
        ("<domain>a&am", "line 1, column 10: & begins no reference here; &amp; would be right"),
        (
            "<?xml version='1.0'",
            "line 1, column 1: the document ends inside the XML declaration; ?> is missing",
        ),
    ]);
}

#[test]
fn bytes_that_are_no_text_are_found_where_they_stand() {
    let not_utf8 = "these bytes are not UTF-8, in which libvirt writes every document";
    let rows: [(&[u8], &str, usize); 4] = [
        (b"<domain>\n\xc3\xa4\xff</domain>", "line 2, column 2", 1),
        (b"<domain>\xe2\x82</domain>", "line 1, column 9", 2),
        (b"<domain>\xc3", "line 1, column 9", 1),
        (b"\xff\xfe<\0d\0", "line 1, column 1", 1),
    ];
    for (source, place, length) in rows {
        let error = error(source);
        assert_eq!(error.to_string(), format!("{place}: {not_utf8}"));
        assert_eq!(error.span.range().len(), length);
    }
}

#[test]
fn a_bound_is_where_it_is_said_to_be() {
    let nested = |levels: usize| {
        let (open, close) = ("<a>".repeat(levels - 1), "</a>".repeat(levels - 1));
        format!("<domain>{IDENTITY}{open}{close}</domain>")
    };
    assert_eq!(domain::read(nested(MAX_DEPTH).as_bytes()).map(|_| ()), Ok(()));
    assert_eq!(
        error(nested(MAX_DEPTH + 1).as_bytes()).problem,
        Problem::Xml(xml::Problem::TooDeep)
    );

    let long = |size: usize| {
        let mut source = format!("<domain>{IDENTITY}</domain>").into_bytes();
        source.resize(size, b'\n');
        source
    };
    assert_eq!(domain::read(&long(MAX_SIZE)).map(|_| ()), Ok(()));
    let problem = Problem::Xml(xml::Problem::TooLarge { size: MAX_SIZE + 1 });
    assert_eq!(error(&long(MAX_SIZE + 1)).problem, problem);
}

#[test]
fn a_message_stays_short_and_shows_no_value() {
    let name = "n".repeat(1000);
    for source in [
        format!("<{name}/>"),
        format!("<domain><{name}>"),
        format!("<domain><a></{name}>"),
        format!("<domain><a {name}='' {name}=''/>"),
        format!("<domain>&{name};"),
        format!("<domain><uuid>{name}</uuid>"),
    ] {
        let message = error(source.as_bytes()).to_string();
        assert!(message.len() < 300, "{message}");
        assert!(message.contains("nnn..."), "{message}");
    }
    for source in
        ["<a passwd='hush&'/>", "<a passwd='hush<'/>", "<a passwd='hush'x/>", "<a>hush&</a>"]
    {
        let message = error(source.as_bytes()).to_string();
        assert!(!message.contains("hush"), "{message}");
    }
}

#[test]
fn what_our_metadata_must_not_say() {
    let within =
        |shares: &str| format!("<domain>{IDENTITY}<metadata>\n{shares}</metadata></domain>");
    let open = "<v:shares xmlns:v='urn:virt-quobyte:domain:1'>";
    let share = |share: &str| within(&format!("{open}\n{share}</v:shares>"));
    let ours = "of the namespace urn:virt-quobyte:domain:1 would be right";
    refused(&[
        (
            &share("<v:share/>"),
            "line 3, column 1: a share without a name; name='...' or export='...' would be right",
        ),
        (
            &share("<v:share name='a' export='b'/>"),
            "line 3, column 1: a share with both a name and an export; one of them would be right",
        ),
        (
            &share("<v:share name=''/>"),
            "line 3, column 16: name is empty; name='...' with a value would be right",
        ),
        (
            &share("<v:share export=''/>"),
            "line 3, column 18: export is empty; export='...' with a value would be right",
        ),
        (
            &share("<v:share name='a' mount_point='/'/>"),
            "line 3, column 19: the attribute mount_point is not known on <share>; name or export would be right",
        ),
        (
            &share("<v:share v:name='a'/>"),
            "line 3, column 10: the attribute v:name is not known on <share>; name or export would be right",
        ),
        (
            &share("<v:volume name='a'/>"),
            &format!("line 3, column 1: <v:volume> has no place here; <share> {ours}"),
        ),
        (
            &share("<share name='a'/>"),
            &format!("line 3, column 1: <share> has no place here; <share> {ours}"),
        ),
        (
            &share("<v:share name='a'><v:option/></v:share>"),
            "line 3, column 19: <v:option> inside a share, which is empty; everything about it is in its attribute",
        ),
        (
            &share("<v:share name='a'>gold</v:share>"),
            "line 3, column 19: text inside the metadata of this project; only elements would be right",
        ),
        (
            &share("gold"),
            "line 2, column 47: text inside the metadata of this project; only elements would be right",
        ),
        (
            &within("<v:shares xmlns:v='urn:virt-quobyte:domain:1' name='a'/>"),
            "line 2, column 47: the attribute name is not known on <shares>; none but xmlns would be right",
        ),
        (
            &within("<v:share xmlns:v='urn:virt-quobyte:domain:1' name='a'/>"),
            &format!("line 2, column 1: <v:share> has no place here; <shares> {ours}"),
        ),
        (
            &within(&format!("{open}</v:shares>{open}</v:shares>")),
            "line 2, column 58: a second <shares>; libvirt keeps only the first, so one with everything would be right",
        ),
        (
            &within(&format!("{open}{}</v:shares>", "<v:share name='a'/>".repeat(257))),
            "line 2, column 4911: the domain asks for more than 256 shares, which is the most",
        ),
        (
            &within("<v:shares xmlns:v='urn:virt-quobyte:domain:2'/>"),
            "line 2, column 1: the namespace urn:virt-quobyte:domain:2 is not known; urn:virt-quobyte:domain:1 would be right",
        ),
    ]);
}

//! Holds JSON against a JSON Schema, with the validator that Debian calls `python3-jsonschema`.

use std::path::{Path, PathBuf};
use std::process::Command;

const VALIDATE: &str = "\
import json, sys
from jsonschema.validators import validator_for
schema, document = (json.load(open(name)) for name in sys.argv[1:])
validator = validator_for(schema)
validator.check_schema(schema)
for error in validator(schema).iter_errors(document):
    print(error.json_path, error.message)
";

/// Spoils a document everywhere: a property too many, one too few, a value of another kind.
const SPOIL: &str = "\
import copy, json, sys
from jsonschema.validators import validator_for
schema, document = (json.load(open(name)) for name in sys.argv[1:])
validator = validator_for(schema)(schema)
spoiled = 0
def places(value, path=()):
    yield path, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, path + (key,))
def at(document, path):
    for key in path:
        document = document[key]
    return document
def check(what, path, change):
    global spoiled
    spoiled += 1
    other = copy.deepcopy(document)
    change(other)
    if validator.is_valid(other):
        print(what, path)
for path, value in places(document):
    if isinstance(value, dict):
        check('a property too many', path, lambda other: at(other, path).update(unheard_of=1))
        for key in value:
            check('without', path + (key,), lambda other: at(other, path).pop(key))
    if path:
        def put(wrong):
            return lambda other: at(other, path[:-1]).__setitem__(path[-1], wrong)
        check('something else', path, put({'unheard_of': [1.5]}))
        check('a number', path, put(-1.5))
if not spoiled:
    print('nothing was spoiled')
";

/// Where the schema of a command's output lies.
pub(crate) fn published(command: &str) -> PathBuf {
    let name = format!("schemas/{command}.v1.schema.json");
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// What is wrong with a document, a line each; `None` where it cannot be told.
pub(crate) fn complaints(schema: &Path, document: &Path) -> Option<String> {
    run(VALIDATE, schema, document)
}

/// What can be wrong with a document without the schema's notice, a line each; `None` where it cannot be told.
pub(crate) fn overlooked(schema: &Path, document: &Path) -> Option<String> {
    run(SPOIL, schema, document)
}

/// A command's output is what its schema says, which would notice any other.
#[track_caller]
#[allow(clippy::print_stdout, reason = "where a test cannot be run, it says so")]
pub(crate) fn holds(command: &str, output: &str) {
    let directory = tempfile::tempdir().expect("a tempdir");
    let document = directory.path().join("document");
    std::fs::write(&document, output).expect("written");
    let schema = published(command);
    let (Some(complaints), Some(overlooked)) =
        (complaints(&schema, &document), overlooked(&schema, &document))
    else {
        println!("skipped: python3-jsonschema is not installed (tests/prepare build)");
        return;
    };
    assert!(complaints.is_empty(), "{}: {complaints}{output}", schema.display());
    assert!(overlooked.is_empty(), "{} overlooks: {overlooked}{output}", schema.display());
}

fn run(program: &str, schema: &Path, document: &Path) -> Option<String> {
    let run = |python: &str, program: &str| {
        Command::new(python).args(["-c", program]).args([schema, document]).output()
    };
    // The distribution's own first: that is the one that its package is for.
    let python = ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        run(python, "import jsonschema").is_ok_and(|output| output.status.success())
    })?;
    let output = run(python, program).expect("it ran before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

//! Holds JSON against a JSON Schema, with the validator that Debian calls `python3-jsonschema`.

use std::path::Path;
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

/// What is wrong with a document, a line each; `None` where it cannot be told.
pub(crate) fn complaints(schema: &Path, document: &Path) -> Option<String> {
    let run = |python: &str, program: &str| {
        Command::new(python).args(["-c", program]).args([schema, document]).output()
    };
    // The distribution's own first: that is the one that its package is for.
    let python = ["/usr/bin/python3", "python3"].into_iter().find(|python| {
        run(python, "import jsonschema").is_ok_and(|output| output.status.success())
    })?;
    let output = run(python, VALIDATE).expect("it ran before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

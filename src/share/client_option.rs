//! Which options the configuration may hand to the client.

/// More arguments for the client, each one checked against what is publicly known of its command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientOptions(Vec<String>);

/// Why a list of client options is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientOptionsError {
    /// It is not on the list.
    #[error("'{}' is not one of the client's options that may be set here: {}", .0.escape_debug(), known())]
    Unknown(String),
    /// It is ours to say.
    #[error("'{option}' is not to be set here: {because}")]
    Reserved {
        /// The option.
        option: &'static str,
        /// Where it is decided instead.
        because: &'static str,
    },
    /// It needs a value and has none, or one that cannot be right.
    #[error("'{option}' needs {needs}")]
    Value {
        /// The option.
        option: &'static str,
        /// What would be right.
        needs: &'static str,
    },
}

#[derive(Clone, Copy)]
enum Takes {
    Nothing,
    /// `--option=word`
    Word,
    /// `--option=/path`
    Path,
    /// `--option=number`
    Number,
    /// `--option=true` or `false`
    Truth,
    /// `-x`, `word`: two list entries
    NextOf(&'static [&'static str]),
    /// `-x`, `/path`: two list entries
    NextPath,
}

/// The options with public evidence: Quobyte's own Kubernetes and Ansible material, and OpenStack's drivers.
const ALLOWED: &[(&str, Takes)] = &[
    ("--allow-minidump-upload", Takes::Nothing),
    ("--allow-usermapping-in-volumename", Takes::Nothing),
    ("--ca-file", Takes::Path),
    ("--cert-file", Takes::Path),
    ("--disable-quorum-read", Takes::Truth),
    ("--enable-access-contexts", Takes::Nothing),
    ("--hostname", Takes::Word),
    ("--http-port", Takes::Number),
    ("--key-file", Takes::Path),
    ("--minidump-path", Takes::Path),
    ("--no-default-permissions", Takes::Nothing),
    ("--rdma.enabled", Takes::Truth),
    ("-d", Takes::NextOf(&["DEBUG", "INFO", "NOTICE", "WARN", "ERROR"])),
    ("-l", Takes::NextPath),
    // No user_xattr: it would contradict --disable-xattrs.
    ("-o", Takes::NextOf(&["ro", "rw"])),
];

const RESERVED: &[(&str, &str)] = &[
    ("-c", "the client's own configuration is named by client.config"),
    ("-f", "the hook waits for the client to go to the background"),
    ("--disable-xattrs", "it is always given"),
];

fn known() -> String {
    let names: Vec<&str> = ALLOWED.iter().map(|&(name, _)| name).collect();
    names.join(", ")
}

impl ClientOptions {
    /// Checks a list as the configuration has it: `--option`, `--option=value`, or `-x` followed by its value.
    pub fn parse<S: AsRef<str>>(list: &[S]) -> Result<Self, ClientOptionsError> {
        let mut checked = Vec::with_capacity(list.len());
        let mut rest = list.iter().map(AsRef::as_ref);
        while let Some(word) = rest.next() {
            let (name, value) = match word.split_once('=') {
                Some((name, value)) if name.starts_with("--") => (name, Some(value)),
                _ => (word, None),
            };
            if let Some(&(option, because)) = RESERVED.iter().find(|&&(option, _)| option == name) {
                return Err(ClientOptionsError::Reserved { option, because });
            }
            let Some(&(option, takes)) = ALLOWED.iter().find(|&&(option, _)| option == name) else {
                return Err(ClientOptionsError::Unknown(word.to_owned()));
            };
            checked.push(word.to_owned());
            if let Some(next) = takes.check(option, value, &mut rest)? {
                checked.push(next.to_owned());
            }
        }
        Ok(Self(checked))
    }

    /// The arguments, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl Takes {
    /// Checks an option's value, and returns it where it is an argument of its own.
    fn check<'a>(
        self,
        option: &'static str,
        value: Option<&str>,
        rest: &mut impl Iterator<Item = &'a str>,
    ) -> Result<Option<&'a str>, ClientOptionsError> {
        let needs = |needs| Err(ClientOptionsError::Value { option, needs });
        match (self, value) {
            (Self::Nothing, None) => Ok(None),
            (Self::Nothing, Some(_)) => needs("no value"),
            (Self::Word, Some(v)) if is_word(v) => Ok(None),
            (Self::Word, _) => needs("'=' and a word of letters, digits, '.', '_' and '-'"),
            (Self::Path, Some(v)) if is_path(v) => Ok(None),
            (Self::Path, _) => needs("'=' and an absolute path"),
            (Self::Number, Some(v)) if v.parse::<u16>().is_ok() => Ok(None),
            (Self::Number, _) => needs("'=' and a number up to 65535"),
            (Self::Truth, Some("true" | "false")) => Ok(None),
            (Self::Truth, _) => needs("'=true' or '=false'"),
            (Self::NextOf(words), _) => match rest.next() {
                Some(next) if words.contains(&next) => Ok(Some(next)),
                _ => needs(match option {
                    "-d" => "a log level as the next entry: DEBUG, INFO, NOTICE, WARN or ERROR",
                    _ => "ro or rw as the next entry",
                }),
            },
            (Self::NextPath, _) => match rest.next() {
                Some(next) if is_path(next) => Ok(Some(next)),
                _ => needs("an absolute path as the next entry"),
            },
        }
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_options_pass_unchanged_and_in_order() {
        let list =
            ["--hostname=kvm-17", "-d", "INFO", "-l", "/var/log/q.log", "--no-default-permissions"];
        let options = ClientOptions::parse(&list).expect("all are allowed");
        assert_eq!(options.iter().collect::<Vec<_>>(), list);
    }

    #[test]
    fn anything_else_is_refused_with_what_would_be_right() {
        for (list, message) in [
            (
                vec!["-f"],
                "'-f' is not to be set here: the hook waits for the client to go to the background",
            ),
            (
                vec!["-c", "/etc/x"],
                "'-c' is not to be set here: the client's own configuration is named by client.config",
            ),
            (
                vec!["--hostname"],
                "'--hostname' needs '=' and a word of letters, digits, '.', '_' and '-'",
            ),
            (
                vec!["--hostname=a b"],
                "'--hostname' needs '=' and a word of letters, digits, '.', '_' and '-'",
            ),
            (vec!["--http-port=x"], "'--http-port' needs '=' and a number up to 65535"),
            (vec!["--rdma.enabled=1"], "'--rdma.enabled' needs '=true' or '=false'"),
            (vec!["--ca-file=relative"], "'--ca-file' needs '=' and an absolute path"),
            (vec!["-l"], "'-l' needs an absolute path as the next entry"),
            (vec!["-o", "suid"], "'-o' needs ro or rw as the next entry"),
            (vec!["--enable-access-contexts=1"], "'--enable-access-contexts' needs no value"),
        ] {
            let error = ClientOptions::parse(&list).expect_err("refused").to_string();
            assert_eq!(error, message, "{list:?}");
        }
        let unknown = ClientOptions::parse(&["--password=x"]).expect_err("refused").to_string();
        assert!(
            unknown.starts_with("'--password=x' is not one of the client's options"),
            "{unknown}"
        );
    }
}

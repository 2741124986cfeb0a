//! `virt-quobyte needs`

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use virt_quobyte::config::load;
use virt_quobyte::domain::{self, LineColumn, MAX_SIZE};
use virt_quobyte::needs::{self, PathVerdict};
use virt_quobyte::share::Share;

use super::Format;
use crate::exit::ExitStatus;
use crate::{libvirt, render};

/// Show which shares a domain needs, and every path in its XML that was looked at
///
/// This is what a hook call for the domain looks at. Paths are compared as text: symlinks are not followed, so a guest whose
/// image is reached through one must name its share in its metadata.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status 1 says that the hook would refuse to start the domain.

Examples:
  virt-quobyte needs web1.xml
  virsh dumpxml web1 | virt-quobyte needs -
  virt-quobyte needs --connect qemu:///system web1")]
pub(super) struct Arguments {
    /// A file with the domain's XML, '-' for standard input, or with --connect a domain's name or UUID
    #[arg(value_name = "FILE|-|DOMAIN")]
    subject: PathBuf,
    /// Read the domain from this libvirt
    #[arg(long, value_name = "URI")]
    connect: Option<String>,
    #[command(flatten)]
    format: Format,
}

/// What a domain needs, ready to be said.
#[derive(Debug)]
pub(crate) struct NeedsReport {
    pub(crate) domain: String,
    pub(crate) uuid: String,
    pub(crate) shares: Vec<Share>,
    pub(crate) paths: Vec<NeededPath>,
    pub(crate) problems: Vec<(LineColumn, String)>,
}

/// One path of a domain.
#[derive(Debug)]
pub(crate) struct NeededPath {
    pub(crate) at: LineColumn,
    pub(crate) element: String,
    pub(crate) path: String,
    pub(crate) share: Option<String>,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let (source, name) = self.read()?;
        let domain = domain::read(&source).map_err(|error| anyhow!("{name}: {error}"))?;
        let settings = load::settings(config)?;
        let needs = needs::of(&domain, &settings);
        let paths = needs.paths.iter().map(|(path, verdict)| NeededPath {
            at: path.span.line_column(&source),
            element: path.place.to_string(),
            path: path.path.clone(),
            share: match verdict {
                PathVerdict::On(share) => Some(share.name.to_string()),
                PathVerdict::None | PathVerdict::Problem => None,
            },
        });
        let problems = needs.problems.iter();
        let report = NeedsReport {
            domain: domain.name.value.as_str().to_owned(),
            uuid: domain.uuid.value.to_string(),
            paths: paths.collect(),
            problems: problems
                .map(|problem| (problem.span.line_column(&source), problem.fault.to_string()))
                .collect(),
            shares: needs.shares,
        };
        render::needs(&report, self.format.into())?;
        Ok(if report.problems.is_empty() { ExitStatus::Well } else { ExitStatus::NotWell })
    }

    /// The document, and what to call it in an error.
    fn read(&self) -> Result<(Vec<u8>, String)> {
        let name = self.subject.to_string_lossy().escape_debug().to_string();
        if let Some(uri) = &self.connect {
            let xml = libvirt::domain_xml(Some(uri), &self.subject.to_string_lossy())?;
            return Ok((xml.into_bytes(), name));
        }
        // One byte more than the reader takes, so that it says what is wrong.
        let room = MAX_SIZE as u64 + 1;
        let mut source = Vec::new();
        if self.subject == Path::new("-") {
            io::stdin()
                .lock()
                .take(room)
                .read_to_end(&mut source)
                .context("cannot read standard input")?;
            return Ok((source, "standard input".to_owned()));
        }
        File::open(&self.subject)
            .and_then(|file| file.take(room).read_to_end(&mut source))
            .with_context(|| format!("cannot read {name}"))?;
        Ok((source, name))
    }
}

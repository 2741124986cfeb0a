//! `virt-quobyte needs`

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow};
use virt_quobyte::config::load;
use virt_quobyte::domain;
use virt_quobyte::needs::{self, PathVerdict};
use virt_quobyte::share::Share;
use virt_quobyte::xml::{LineColumn, Lines};

use super::{Format, document};
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
    pub(crate) uuid: Option<String>,
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
        let lines = Lines::of(&source);
        let paths = needs.paths.iter().map(|(path, verdict)| NeededPath {
            at: lines.line_column(path.span.start),
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
            uuid: domain.uuid.as_ref().map(|uuid| uuid.value.to_string()),
            paths: paths.collect(),
            problems: problems
                .map(|problem| (lines.line_column(problem.span.start), problem.fault.to_string()))
                .collect(),
            shares: needs.shares,
        };
        render::needs(&report, self.format.into())?;
        Ok(ExitStatus::of(report.problems.is_empty()))
    }

    /// The document, and what to call it in an error.
    fn read(&self) -> Result<(Vec<u8>, String)> {
        if let Some(uri) = &self.connect {
            let name = self.subject.to_string_lossy().escape_debug().to_string();
            let xml = libvirt::domain_xml(Some(uri), &self.subject.to_string_lossy())?;
            return Ok((xml.into_bytes(), name));
        }
        document::read(&self.subject)
    }
}

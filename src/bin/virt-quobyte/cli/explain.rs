//! `virt-quobyte explain`

use anyhow::Result;
use virt_quobyte::lint::{self, RULES, Rule};

use super::Format;
use crate::exit::ExitStatus;
use crate::render;

/// Explain a rule of lint: what it finds, why that is wrong, and where that is known from
///
/// Without a rule all are listed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  virt-quobyte explain
  virt-quobyte explain VQ101
  virt-quobyte explain native-io-with-host-cache
  virt-quobyte explain --json")]
pub(super) struct Arguments {
    /// A rule's code or name
    #[arg(value_name = "RULE", value_parser = known)]
    rule: Option<&'static Rule>,
    #[command(flatten)]
    format: Format,
}

fn known(word: &str) -> Result<&'static Rule, String> {
    lint::rule(word)
        .ok_or_else(|| "no rule is called that; `virt-quobyte explain` lists them".to_owned())
}

impl Arguments {
    pub(super) fn run(&self) -> Result<ExitStatus> {
        match self.rule {
            Some(rule) => render::rule(rule, self.format.into())?,
            None => render::rules(RULES, self.format.into())?,
        }
        Ok(ExitStatus::Well)
    }
}

//! Asks others about a domain: libvirt's grammar with `--schema`, libvirt itself with `--libvirt`.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use virt_quobyte::domain;
use virt_quobyte::host::schema_files;
use virt_quobyte::lint::{AGAINST_SCHEMA, LIBVIRT_REFUSES, Opinion};
use virt_quobyte::relaxng::Grammar;
use virt_quobyte::xml::{ElementRef, Span};

use crate::libvirt::{Oracle, Verdict};

/// Who is asked, and what came of asking.
#[derive(Debug, Default)]
pub(super) struct Others {
    grammar: Option<Grammar>,
    libvirt: Option<Oracle>,
    /// Who answered.
    pub(super) asked: Vec<String>,
    /// Why nobody did, for the document that was asked about last.
    pub(super) no_answer: Option<String>,
}

impl Others {
    pub(super) fn new(
        schema: Option<&Option<PathBuf>>,
        libvirt: bool,
        connect: Option<&str>,
    ) -> Result<Self> {
        let mut asked = Vec::new();
        let grammar = schema.map(|file| grammar(file.as_ref(), &mut asked)).transpose()?;
        let libvirt = libvirt.then(|| Oracle::of(connect));
        Ok(Self { grammar, libvirt, asked, no_answer: None })
    }

    /// Whether there is nobody to ask.
    pub(super) fn is_nobody(&self) -> bool {
        self.grammar.is_none() && self.libvirt.is_none()
    }

    /// What they say of a domain.
    pub(super) fn of(&mut self, domain: ElementRef<'_, '_>) -> Vec<Opinion> {
        let mut opinions = Vec::new();
        if let Some(grammar) = &mut self.grammar {
            let said = grammar.validate_element(domain).into_iter();
            opinions.extend(said.map(|it| Opinion {
                rule: &AGAINST_SCHEMA,
                span: it.span,
                message: it.message,
            }));
        }
        opinions.extend(self.ask_libvirt(domain));
        opinions
    }

    fn ask_libvirt(&mut self, element: ElementRef<'_, '_>) -> Option<Opinion> {
        let oracle = self.libvirt.as_mut()?;
        let refused =
            |span: Span, message: String| Opinion { rule: &LIBVIRT_REFUSES, span, message };
        let xml = &element.tree().source()[element.span().range()];
        let by = match domain::read(xml.as_bytes()) {
            Ok(domain) => oracle.ask(xml, &domain),
            // One that we cannot read is for libvirt to say something about, too; it needs to know nothing of it to be asked.
            Err(error) => {
                return Some(refused(element.name_span(), format!("it was not asked: {error}")));
            }
        };
        let (judge, opinion) = match by {
            Verdict::Accepted(judge) => (judge, None),
            Verdict::Refused { by, message } => {
                let message = format!("{by} refuses it: {}", message.escape_debug());
                (by, Some(refused(element.name_span(), message)))
            }
            Verdict::NotAsked { why } => {
                self.no_answer = Some(why);
                return None;
            }
        };
        let judge = judge.to_string();
        if !self.asked.contains(&judge) {
            self.asked.push(judge);
        }
        opinion
    }
}

fn grammar(file: Option<&PathBuf>, asked: &mut Vec<String>) -> Result<Grammar> {
    let Some(file) = file.cloned().or_else(schema_files::domain) else {
        bail!(
            "libvirt's grammars are in none of {}: install libvirt here, or name one with --schema=FILE",
            schema_files::FOLDERS.join(", ")
        );
    };
    let name = file.file_name().and_then(|name| name.to_str()).with_context(|| {
        format!("{} is no grammar's file", file.display().to_string().escape_debug())
    })?;
    asked.push(format!("the grammar {}", file.display().to_string().escape_debug()));
    Ok(Grammar::read(name, &mut |name| schema_files::text(&file, name))?)
}

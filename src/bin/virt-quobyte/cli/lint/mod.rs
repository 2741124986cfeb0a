//! `virt-quobyte lint`

mod fix;
mod gather;
mod opinion;
mod selection;
mod write_back;

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueEnum;
use virt_quobyte::config::{Settings, load};
use virt_quobyte::lint::{self, Check, Finding, Root, Rule, Safety, Severity};

use crate::exit::ExitStatus;
use crate::render;
use fix::{Fixing, Mode};
use gather::{Gathered, STDIN, Wanted};
use opinion::Others;
use selection::{Pick, Selection};

/// Find what is wrong with domains' XML, seen from where their disks lie
///
/// Looks at files, at folders (every *.xml in them and below, but nothing hidden and no symlink), at standard input, or at the
/// domains of a libvirt. Paths are judged by the shares of the configuration; where it has none, what depends on them is not
/// judged. `virt-quobyte explain` lists the rules.
///
/// A finding that is right as it is can be suppressed by a comment directly before the element, or before the root for all:
///   <!-- virt-quobyte: allow VQ501 the image is read once -->
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Exit status:
  0  nothing is as bad as --fail-on
  1  something is; or with --diff there is something to fix
  2  the command line makes no sense
  3  something could not be read or written; everything else was linted
With --format sarif it is 0 once the report is written: what was found is in there, and so
is what could not be read (executionSuccessful: false).

Examples:
  virt-quobyte lint web1.xml
  virsh dumpxml --inactive web1 | virt-quobyte lint -
  virt-quobyte lint --connect qemu:///system --all
  virt-quobyte lint --diff domains/            what --fix would do
  virt-quobyte lint --fix domains/
  virt-quobyte lint --ignore speed,VQ401 --fail-on error domains/
  virt-quobyte lint --schema --libvirt web1.xml
  virt-quobyte lint --format sarif domains/ > lint.sarif")]
pub(super) struct Arguments {
    /// Files, folders, '-' for standard input; with --connect names or UUIDs of domains
    #[arg(value_name = "PATH|-|DOMAIN", required_unless_present = "all")]
    subjects: Vec<PathBuf>,
    /// Read domains from this libvirt, over a read-only connection: as they run and as they are defined, where that differs
    #[arg(long, value_name = "URI")]
    connect: Option<String>,
    /// All domains of that libvirt
    #[arg(long, requires = "connect", conflicts_with = "subjects")]
    all: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Whether to use colours: auto means on a terminal, unless `NO_COLOR` is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    color: Color,
    #[command(flatten)]
    fixing: Fixing,
    /// Only these rules: codes such as `VQ101`, names, or groups such as `VQ1xx` or `refused`
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    select: Vec<Pick>,
    /// All but these
    #[arg(long, value_name = "RULES", value_delimiter = ',')]
    ignore: Vec<Pick>,
    /// Hold each domain against libvirt's own schema, too, as installed here or in this file; tells of every fault where it is
    #[arg(long, value_name = "GRAMMAR", num_args = 0..=1, require_equals = true, conflicts_with = "fixing")]
    #[expect(
        clippy::option_option,
        reason = "clap's way to have an option with a value that may be left out"
    )]
    schema: Option<Option<PathBuf>>,
    /// Ask libvirt itself whether it would take each domain: the drivers installed here, in a temporary root where nothing is
    /// defined and no hook runs, or with --connect that libvirt
    #[arg(long, conflicts_with = "fixing")]
    libvirt: bool,
    /// What is bad enough for exit status 1
    #[arg(long, value_enum, value_name = "SEVERITY", default_value_t = FailOn::Warning)]
    fail_on: FailOn,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    Text,
    /// For programs; schemas/lint-report.v1.schema.json says what is in it
    Json,
    /// SARIF 2.1.0, for code scanners
    Sarif,
    /// Annotations of GitHub's workflows
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Error,
    Warning,
    Note,
}

/// What was found, ready to be said.
#[derive(Debug)]
pub(crate) struct LintReport<'g> {
    pub(crate) documents: Vec<Document<'g>>,
    /// What could not be read or written, and why.
    pub(crate) failures: &'g [Failure],
    /// Whether paths could be judged by shares.
    pub(crate) shares_known: bool,
    /// How many fixes were made, and in how many documents.
    pub(crate) fixed: (usize, usize),
    /// Who else was asked.
    pub(crate) asked: Vec<String>,
}

/// One document.
#[derive(Debug)]
pub(crate) struct Document<'g> {
    pub(crate) name: &'g str,
    pub(crate) source: &'g [u8],
    /// Related places name documents of the report by their number.
    pub(crate) findings: Vec<Finding>,
    pub(crate) suppressed: usize,
    /// It is no domain, and nobody said that it is.
    pub(crate) passed_over: bool,
}

/// What could not be done with a document.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) name: String,
    pub(crate) why: String,
}

/// A document before and after its fixes.
#[derive(Debug)]
pub(crate) struct Change<'g> {
    /// Among what was gathered.
    number: usize,
    pub(crate) name: &'g str,
    pub(crate) before: &'g str,
    pub(crate) after: String,
    fixes: usize,
}

impl Arguments {
    pub(super) fn run(&self, config: Option<&Path>) -> Result<ExitStatus> {
        let mode = self.fixing.mode();
        let to_stdout =
            matches!(mode, Mode::Make(_)) && self.subjects.iter().any(|it| it.as_os_str() == STDIN);
        if to_stdout && (self.subjects.len() > 1 || self.format != Format::Text) {
            let message = "--fix with '-' writes the fixed document to standard output: with '-' alone, and the text format, it can\n";
            return Err(clap::Error::raw(clap::error::ErrorKind::ArgumentConflict, message).into());
        }
        let settings = load::settings(config)?;
        let linter = Linter {
            settings: (!settings.shares.is_empty()).then_some(&settings),
            selection: Selection::new(&self.select, &self.ignore),
        };
        let mut gathered = match &self.connect {
            Some(uri) => gather::from_libvirt(uri, &self.subjects)?,
            None => gather::from_files(&self.subjects),
        };
        let fixed = match mode {
            Mode::Look => (0, 0),
            Mode::Show(allowed) => return show_diff(&linter, &mut gathered, allowed, self.color),
            Mode::Make(allowed) => fix::write(&linter, &mut gathered, allowed),
        };
        let mut others = Others::new(self.schema.as_ref(), self.libvirt, self.connect.as_deref())?;
        let (documents, mut unasked) = linter.examine(&gathered, &mut others);
        unasked.splice(0..0, gathered.failures.iter().cloned());
        let report = LintReport {
            documents,
            failures: &unasked,
            shares_known: linter.settings.is_some(),
            fixed,
            asked: others.asked,
        };
        if to_stdout {
            render::lint_beside(&report, &gathered.texts[0].source, self.color)?;
        } else {
            render::lint(&report, self.format, self.color)?;
        }
        let mut found = report.documents.iter().flat_map(|document| &document.findings);
        let clean = !found.any(|finding| finding.rule.severity >= self.fail_on.into());
        Ok(match self.format {
            // All of it is in the report, and a scanner's step that fails does not get to upload that.
            Format::Sarif => ExitStatus::Well,
            Format::Text | Format::Json | Format::Github => status(report.failures, clean),
        })
    }
}

fn show_diff(
    linter: &Linter<'_>,
    gathered: &mut Gathered,
    allowed: Safety,
    color: Color,
) -> Result<ExitStatus> {
    let (changes, mut failures) = fix::changes(linter, gathered, allowed);
    render::lint_diff(&changes, color)?;
    let clean = changes.is_empty();
    gathered.failures.append(&mut failures);
    render::failures(&gathered.failures)?;
    Ok(status(&gathered.failures, clean))
}

fn status(failures: &[Failure], clean: bool) -> ExitStatus {
    match () {
        () if !failures.is_empty() => ExitStatus::Failed,
        () if clean => ExitStatus::Well,
        () => ExitStatus::NotWell,
    }
}

/// The rules that are wanted, and the host that they are to judge for.
#[derive(Debug)]
struct Linter<'a> {
    settings: Option<&'a Settings>,
    selection: Selection<'a>,
}

impl Linter<'_> {
    /// Lints what was gathered: what belongs together, together. Gives with it what others could not be asked about.
    fn examine<'g>(
        &self,
        gathered: &'g Gathered,
        others: &mut Others,
    ) -> (Vec<Document<'g>>, Vec<Failure>) {
        let mut failures = Vec::new();
        let mut documents = Vec::with_capacity(gathered.texts.len());
        for set in gathered.texts.chunk_by(|one, next| one.set == next.set) {
            let first = documents.len();
            let sources: Vec<&[u8]> = set.iter().map(|text| text.source.as_slice()).collect();
            let examined = if others.is_nobody() {
                lint::examine(&sources, self.settings)
            } else {
                // They are asked only about domains: which text it was shows in where it is kept.
                lint::examine_with(&sources, self.settings, &mut |domain| {
                    let opinions = others.of(domain);
                    if let Some(why) = others.no_answer.take() {
                        let start = domain.tree().source().as_ptr();
                        let of = set.iter().find(|text| std::ptr::eq(text.source.as_ptr(), start));
                        let name = of.map_or_else(String::new, |text| text.name.clone());
                        let why = format!("libvirt could not be asked: {why}");
                        failures.push(Failure { name, why });
                    }
                    opinions
                })
            };
            documents.extend(set.iter().zip(examined).map(|(text, mut examined)| {
                let passed_over = examined.root == Root::Other && text.wanted == Wanted::IfDomain;
                // Who was asked by name is heard, whichever rules are selected.
                let wanted =
                    |rule: &Rule| matches!(rule.check, Check::Asked) || self.selection.has(rule);
                examined.findings.retain(|it| !passed_over && wanted(it.rule));
                for related in examined.findings.iter_mut().flat_map(|it| &mut it.related) {
                    related.subject += first;
                }
                Document {
                    name: &text.name,
                    source: &text.source,
                    findings: examined.findings,
                    suppressed: examined.suppressed,
                    passed_over,
                }
            }));
        }
        (documents, failures)
    }
}

impl From<FailOn> for Severity {
    fn from(fail_on: FailOn) -> Self {
        match fail_on {
            FailOn::Error => Self::Error,
            FailOn::Warning => Self::Warning,
            FailOn::Note => Self::Note,
        }
    }
}

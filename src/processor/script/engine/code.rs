//! A script as JavaScript whose async functions are generators.
//!
//! Types are stripped, and `async` is lowered to calls of `babelHelpers.asyncToGenerator`, which the runtime library has: so each call of an
//! async function is an object that knows what it waits for, and can be cancelled there.

use std::path::Path;
use std::sync::Arc;

use oxc_allocator::Allocator;
use oxc_ast::ast::Program;
use oxc_codegen::{Codegen, CodegenOptions};
use oxc_diagnostics::OxcDiagnostic;
use oxc_parser::Parser;
use oxc_semantic::{Scoping, SemanticBuilder};
use oxc_span::SourceType;
use oxc_transformer::{HelperLoaderMode, TransformOptions, Transformer};

use super::guard;
use super::places::Places;

/// The most mistakes that are told of one script.
const MISTAKES_MAX: usize = 20;

/// A script, ready to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The name of its file.
    pub name: Arc<str>,
    /// The JavaScript, as a module.
    pub javascript: Arc<str>,
    /// The lines of the file.
    pub places: Places,
}

/// The mistakes of a script, each with its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub struct CodeMistake(pub Vec<String>);

impl Code {
    /// Reads a script; `name` tells by its end what it is: `.ts`, `.js`, `.mts` or `.mjs`.
    pub fn new(name: &str, source: &str) -> Result<Self, CodeMistake> {
        let kind = kind(name)?;
        let allocator = Allocator::default();
        let (program, _) = parsed(&allocator, name, source, kind)?;
        let guarded = guard::guarded(source, &program).map_err(|refused| {
            CodeMistake(refused.iter().map(|(at, what)| place(name, source, *at, what)).collect())
        })?;
        let (mut program, scoping) = parsed(&allocator, name, &guarded, kind)?;
        let mut options = TransformOptions::default();
        options.env.es2017.async_to_generator = true;
        options.helper_loader.mode = HelperLoaderMode::External;
        let lowered = Transformer::new(&allocator, Path::new(name), &options).build_with_scoping(scoping, &mut program);
        told(name, &guarded, lowered.diagnostics)?;
        let options = CodegenOptions { source_map_path: Some(Path::new(name).to_owned()), ..CodegenOptions::default() };
        let generated = Codegen::new().with_options(options).build(&program);
        let places = generated.map.as_ref().map(Places::of).unwrap_or_default();
        Ok(Self { name: name.into(), javascript: generated.code.into(), places })
    }

    /// The line of its file that a stack trace is about, as `name:line`.
    pub(super) fn place(&self, stack: &str) -> Option<String> {
        Some(format!("{}:{}", self.name, self.places.line(stack)?))
    }
}

/// The names that a script uses and nothing in it declares, each with the places of its uses.
pub fn foreign_names(name: &str, source: &str) -> Result<Vec<(String, Vec<String>)>, CodeMistake> {
    let kind = kind(name)?;
    let allocator = Allocator::default();
    let parsed = Parser::new(&allocator, source, kind.with_module(true)).parse();
    told(name, source, parsed.diagnostics)?;
    let checked = SemanticBuilder::new().with_build_nodes(true).build(&parsed.program);
    told(name, source, checked.diagnostics)?;
    let (semantic, mut names) = (checked.semantic, Vec::new());
    for (foreign, uses) in semantic.scoping().root_unresolved_references() {
        let values = uses.iter().map(|id| semantic.scoping().get_reference(*id)).filter(|use_of| use_of.is_value());
        let places: Vec<String> = values
            .map(|use_of| {
                let at = usize::try_from(semantic.reference_span(use_of).start).unwrap_or_default();
                let told = place(name, source, at, "");
                told.trim_end_matches([':', ' ']).to_owned()
            })
            .collect();
        if !places.is_empty() {
            names.push((foreign.to_string(), places));
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn kind(name: &str) -> Result<SourceType, CodeMistake> {
    let unknown = |_| CodeMistake(vec![format!("{name}: a script is a file `.ts`, `.js`, `.mts` or `.mjs`")]);
    SourceType::from_path(name).map_err(unknown)
}

fn parsed<'a>(
    allocator: &'a Allocator,
    name: &str,
    source: &'a str,
    kind: SourceType,
) -> Result<(Program<'a>, Scoping), CodeMistake> {
    let parsed = Parser::new(allocator, source, kind.with_module(true)).parse();
    told(name, source, parsed.diagnostics)?;
    let program = parsed.program;
    let checked = SemanticBuilder::new().with_check_syntax_error(true).with_enum_eval(true).build(&program);
    told(name, source, checked.diagnostics)?;
    let scoping = checked.semantic.into_scoping();
    Ok((program, scoping))
}

fn told(name: &str, source: &str, mistakes: impl IntoIterator<Item = OxcDiagnostic>) -> Result<(), CodeMistake> {
    let text = |mistake: OxcDiagnostic| {
        let start = mistake.labels.first().and_then(|label| usize::try_from(label.offset()).ok());
        place(name, source, start.unwrap_or_default(), &mistake.message)
    };
    let texts: Vec<String> = mistakes.into_iter().take(MISTAKES_MAX).map(text).collect();
    if texts.is_empty() { Ok(()) } else { Err(CodeMistake(texts)) }
}

/// A mistake as `name:line:column: what`.
fn place(name: &str, source: &str, at: usize, what: &str) -> String {
    let before = source.get(..at).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{name}:{line}:{column}: {what}")
}

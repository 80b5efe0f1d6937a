//! The names that a template uses, in all of its branches, from its syntax tree.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{Call, CallArg, CallType, Expr, ForLoop, Macro, Stmt};
use minijinja::machinery::{Span, parse};
use minijinja::syntax::SyntaxConfig;

use super::quote::quote as quote_range;
use super::shape::Shapes;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A variable that the template does not set itself.
    Variable,
    /// A variable that is only tested (`is defined`) or has a default.
    Guarded,
    /// `x | name`.
    Filter,
    /// `x is name`.
    Test,
    /// `name(..)`.
    Function,
    /// `x.name(..)`.
    Method,
    /// `{% name .. %}` that reads another template.
    Statement,
}

/// A use of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Use {
    /// The line, from 1.
    pub(super) line: usize,
    pub(super) kind: Kind,
    pub(super) name: String,
}

/// Calculations with a field, which fail if the field is a text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Calculation {
    /// The line, from 1.
    pub(super) line: usize,
    /// The field as it is in the template.
    pub(super) field: String,
}

/// The uses of a template, in the order of the text, and the shapes of the payload's fields.
#[derive(Debug, Default)]
pub(super) struct Uses {
    pub(super) names: BTreeSet<Use>,
    pub(super) calculations: BTreeSet<Calculation>,
    pub(super) shapes: Shapes,
    /// The texts between quotes in tags.
    pub(super) constants: BTreeSet<String>,
}

/// The uses of a source; none of one that cannot be parsed, which does not compile either.
pub(super) fn of(name: &str, source: &str) -> Uses {
    let mut walk =
        Walk { source, uses: Uses::default(), scopes: vec![BTreeSet::from(["self"])], imported: BTreeSet::new() };
    if let Ok(tree) = parse(source, name, SyntaxConfig::default()) {
        walk.statement(&tree);
    }
    walk.uses.shapes.close();
    walk.uses
}

struct Walk<'a> {
    source: &'a str,
    uses: Uses,
    /// The names that the template sets itself, innermost last.
    scopes: Vec<BTreeSet<&'a str>>,
    /// The names of other templates that are imported; their macros are no methods.
    imported: BTreeSet<&'a str>,
}

impl<'a> Walk<'a> {
    fn found(&mut self, kind: Kind, name: &str, at: Span) {
        self.uses.names.insert(Use { line: usize::from(at.start_line), kind, name: name.to_owned() });
    }

    fn set(&mut self, target: &Expr<'a>) {
        if let Expr::Var(variable) = target {
            return self.declare(variable.id);
        }
        let items = if let Expr::List(list) = target {
            &list.items
        } else if let Expr::Tuple(tuple) = target {
            &tuple.items
        } else {
            // `{% set ns.x = .. %}` sets no name.
            return self.expression(target);
        };
        for item in items {
            self.set(item);
        }
    }

    fn declare(&mut self, name: &'a str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name);
        }
    }

    fn is_set(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains(name))
    }

    fn inside(&mut self, names: &[&'a str], walk: impl FnOnce(&mut Self)) {
        self.scopes.push(names.iter().copied().collect());
        walk(self);
        self.scopes.pop();
    }

    fn statements(&mut self, statements: &[Stmt<'a>]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitExpr(emit) => self.expression(&emit.expr),
            Stmt::EmitRaw(_) | Stmt::Continue(_) | Stmt::Break(_) => {}
            Stmt::ForLoop(each) => self.each(each),
            Stmt::IfCond(branch) => {
                self.expression(&branch.expr);
                self.statements(&branch.true_body);
                self.statements(&branch.false_body);
            }
            Stmt::WithBlock(with) => self.inside(&[], |walk| {
                for (target, value) in &with.assignments {
                    walk.expression(value);
                    walk.uses.shapes.alias(target, value);
                    walk.set(target);
                }
                walk.statements(&with.body);
            }),
            Stmt::Set(set) => {
                self.expression(&set.expr);
                self.uses.shapes.alias(&set.target, &set.expr);
                self.set(&set.target);
            }
            Stmt::SetBlock(set) => {
                self.optional(set.filter.as_ref());
                self.inside(&[], |walk| walk.statements(&set.body));
                self.set(&set.target);
            }
            Stmt::AutoEscape(block) => {
                self.expression(&block.enabled);
                self.statements(&block.body);
            }
            Stmt::FilterBlock(block) => {
                self.expression(&block.filter);
                self.statements(&block.body);
            }
            Stmt::Block(block) => self.inside(&["super"], |walk| walk.statements(&block.body)),
            Stmt::Import(import) => {
                self.found(Kind::Statement, "import", import.span());
                if let Expr::Var(variable) = &import.name {
                    self.imported.insert(variable.id);
                }
                self.set(&import.name);
            }
            Stmt::FromImport(import) => {
                self.found(Kind::Statement, "import", import.span());
                import.names.iter().for_each(|(name, alias)| self.set(alias.as_ref().unwrap_or(name)));
            }
            Stmt::Extends(extends) => self.found(Kind::Statement, "extends", extends.span()),
            Stmt::Include(include) => self.found(Kind::Statement, "include", include.span()),
            Stmt::Macro(named) => {
                self.declare(named.name);
                self.body(named);
            }
            Stmt::CallBlock(block) => {
                self.call(&block.call, block.call.span());
                self.body(&block.macro_decl);
            }
            Stmt::Do(call) => self.call(&call.call, call.call.span()),
        }
    }

    fn each(&mut self, each: &ForLoop<'a>) {
        self.expression(&each.iter);
        self.uses.shapes.each(&each.target, &each.iter);
        self.inside(&["loop"], |walk| {
            walk.set(&each.target);
            walk.optional(each.filter_expr.as_ref());
            walk.statements(&each.body);
        });
        self.inside(&[], |walk| walk.statements(&each.else_body));
    }

    fn body(&mut self, named: &Macro<'a>) {
        named.defaults.iter().for_each(|default| self.expression(default));
        self.inside(&["caller"], |walk| {
            named.args.iter().for_each(|argument| walk.set(argument));
            walk.statements(&named.body);
        });
    }

    fn optional(&mut self, expression: Option<&Expr<'a>>) {
        if let Some(expression) = expression {
            self.expression(expression);
        }
    }

    fn expression(&mut self, expression: &Expr<'a>) {
        self.uses.shapes.expression(expression);
        match expression {
            Expr::Var(variable) => self.variable(Kind::Variable, variable.id, variable.span()),
            Expr::Const(constant) => {
                self.uses.constants.extend(constant.value.as_str().map(str::to_owned));
            }
            Expr::Slice(slice) => {
                self.expression(&slice.expr);
                for part in [&slice.start, &slice.stop, &slice.step] {
                    self.optional(part.as_ref());
                }
            }
            Expr::UnaryOp(operation) => self.expression(&operation.expr),
            Expr::BinOp(operation) => {
                for operand in Shapes::calculated(operation) {
                    self.calculated(operand);
                }
                self.expression(&operation.left);
                self.expression(&operation.right);
            }
            Expr::Compare(compare) => {
                self.expression(&compare.expr);
                compare.ops.iter().for_each(|operation| self.expression(&operation.expr));
            }
            Expr::IfExpr(branch) => {
                self.expression(&branch.test_expr);
                self.expression(&branch.true_expr);
                self.optional(branch.false_expr.as_ref());
            }
            Expr::Filter(filter) => {
                self.found(Kind::Filter, filter.name, filter.span());
                match &filter.expr {
                    Some(guarded) if matches!(filter.name, "default" | "d") => self.guarded(guarded),
                    filtered => self.optional(filtered.as_ref()),
                }
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                self.found(Kind::Test, test.name, test.span());
                match test.name {
                    "defined" | "undefined" => self.guarded(&test.expr),
                    _ => self.expression(&test.expr),
                }
                self.arguments(&test.args);
            }
            Expr::GetAttr(attribute) => self.expression(&attribute.expr),
            Expr::GetItem(item) => {
                self.expression(&item.expr);
                self.expression(&item.subscript_expr);
            }
            Expr::Call(call) => self.call(call, call.span()),
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|item| self.expression(item)),
        }
    }

    fn guarded(&mut self, expression: &Expr<'a>) {
        if let Expr::Var(variable) = expression {
            self.variable(Kind::Guarded, variable.id, variable.span());
        } else {
            self.expression(expression);
        }
    }

    fn variable(&mut self, kind: Kind, name: &'a str, at: Span) {
        if !self.is_set(name) {
            self.found(kind, name, at);
        }
    }

    fn call(&mut self, call: &Call<'a>, at: Span) {
        match call.identify_call() {
            CallType::Function(name) => self.variable(Kind::Function, name, at),
            CallType::Method(of, name) => {
                let is_other = |variable: &str| variable == "loop" || self.imported.contains(variable);
                if !matches!(of, Expr::Var(variable) if is_other(variable.id)) {
                    self.found(Kind::Method, name, at);
                }
                self.expression(of);
            }
            CallType::Block(_) => {}
            CallType::Object(of) => self.expression(of),
        }
        self.arguments(&call.args);
    }

    fn arguments(&mut self, arguments: &[CallArg<'a>]) {
        for argument in arguments {
            match argument {
                CallArg::Pos(value)
                | CallArg::Kwarg(_, value)
                | CallArg::PosSplat(value)
                | CallArg::KwargSplat(value) => self.expression(value),
            }
        }
    }

    /// Notes a calculation with a field of an object, as far as it is not converted to a number before.
    fn calculated(&mut self, operand: &Expr<'a>) {
        let Expr::GetAttr(attribute) = operand else { return };
        if matches!(&attribute.expr, Expr::Var(variable) if variable.id == "loop" || self.is_namespace(variable.id)) {
            return;
        }
        let at = operand.span();
        let line = usize::from(at.start_line);
        self.uses.calculations.insert(Calculation { line, field: quote(self.source, at) });
    }

    /// True for a variable that the template sets itself and does not iterate over: it may be a namespace.
    fn is_namespace(&self, name: &str) -> bool {
        self.is_set(name) && !self.uses.shapes.is_item(name)
    }
}

/// The text of a span, with the path before it: the span of `a.b` may be `.b` alone.
fn quote(source: &str, at: Span) -> String {
    let offset = |offset: u32| usize::try_from(offset).unwrap_or_default();
    let range = offset(at.start_offset)..offset(at.end_offset);
    quote_range(source, &range).unwrap_or_default().to_owned()
}

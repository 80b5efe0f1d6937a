//! The shapes of a payload's fields, as far as the way a template uses them tells.
//!
//! A payload's fields are unknown before the first event. What a template does with `x.name` tells what it takes the field
//! for, so that a [sample](super::sample) can be one. Fields of one name have one shape, wherever they stand.

use std::collections::{BTreeMap, BTreeSet};

use minijinja::Value;
use minijinja::machinery::ast::{BinOp, BinOpKind, Call, CallArg, CallType, Compare, CompareOpKind, Expr, Filter};
use minijinja::value::ValueKind;

/// What a field is taken for. Of two uses the later in this list counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// The place of an item in a list.
    Index,
    /// A small number: of repetitions.
    Count,
    Number,
    Text,
    List,
    Object,
}

/// The shapes of fields and variables by name.
#[derive(Clone, Debug, Default)]
pub(super) struct Shapes {
    by_name: BTreeMap<String, Shape>,
    /// Variables that are items of the list with a name.
    items: BTreeMap<String, String>,
    /// Variables that are set to the field with a name.
    aliases: BTreeSet<(String, String)>,
}

const OF_LISTS: &[&str] = &[
    "batch",
    "chain",
    "first",
    "groupby",
    "join",
    "last",
    "list",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "select",
    "selectattr",
    "slice",
    "sort",
    "sum",
    "unique",
    "zip",
];
const OF_LISTS_OF_OBJECTS: &[&str] = &["groupby", "rejectattr", "selectattr"];
const OF_OBJECTS: &[&str] = &["dictsort", "get", "items", "keys", "values"];
const UNCHANGED: &[&str] =
    &["abs", "d", "default", "float", "int", "list", "reverse", "round", "sort", "string", "unique"];

impl Shapes {
    /// The shape of a field; `None`: the template does nothing with it but write it, or compare it.
    pub(super) fn of(&self, name: &str) -> Option<Shape> {
        self.by_name.get(name).copied()
    }

    /// The shape of the items of a list.
    pub(super) fn of_items(&self, list: &str) -> Option<Shape> {
        self.items
            .iter()
            .filter(|(_, of)| *of == list)
            .find_map(|(item, _)| self.of(item))
            .or_else(|| self.of(&items(list)))
    }

    /// The name of the variable whose value is an item of this list.
    pub(super) fn is_item(&self, variable: &str) -> bool {
        self.items.contains_key(variable)
    }

    /// Hands what is known of variables on to the fields that they are set to.
    pub(super) fn close(&mut self) {
        for (variable, field) in std::mem::take(&mut self.aliases) {
            if let Some(shape) = self.of(&variable) {
                self.note(&field, shape);
            }
        }
    }

    /// `{% set target = value %}`.
    pub(super) fn alias(&mut self, target: &Expr<'_>, value: &Expr<'_>) {
        if let (Some(variable), Some(field)) = (name(target), name(value)) {
            self.aliases.insert((variable, field));
        }
    }

    /// `{% for target in list %}`.
    pub(super) fn each(&mut self, target: &Expr<'_>, list: &Expr<'_>) {
        self.is(list, Shape::List);
        if let (Some(variable), Some(list)) = (name(target), name(list)) {
            self.items.insert(variable, list);
        }
    }

    /// The operands of a calculation with numbers.
    pub(super) fn calculated<'e, 'a>(operation: &'e BinOp<'a>) -> Vec<&'e Expr<'a>> {
        let (left, right) = (&operation.left, &operation.right);
        match operation.op {
            BinOpKind::Sub | BinOpKind::Div | BinOpKind::FloorDiv | BinOpKind::Pow => vec![left, right],
            BinOpKind::Mul | BinOpKind::Rem if !is_constant(left, ValueKind::String) => vec![left, right],
            BinOpKind::Add if is_constant(left, ValueKind::Number) => vec![right],
            BinOpKind::Add if is_constant(right, ValueKind::Number) => vec![left],
            BinOpKind::Mul
            | BinOpKind::Rem
            | BinOpKind::Add
            | BinOpKind::Eq
            | BinOpKind::Ne
            | BinOpKind::Lt
            | BinOpKind::Lte
            | BinOpKind::Gt
            | BinOpKind::Gte
            | BinOpKind::ScAnd
            | BinOpKind::ScOr
            | BinOpKind::Concat
            | BinOpKind::In => Vec::new(),
        }
    }

    /// Notes what an expression, without those inside it, tells of its operands.
    pub(super) fn expression(&mut self, expression: &Expr<'_>) {
        match expression {
            Expr::GetAttr(attribute) => self.is(&attribute.expr, Shape::Object),
            Expr::GetItem(item) if is_constant(&item.subscript_expr, ValueKind::String) => {
                self.is(&item.expr, Shape::Object);
            }
            Expr::GetItem(item) => {
                self.is(&item.expr, Shape::List);
                self.is(&item.subscript_expr, Shape::Index);
            }
            Expr::Slice(slice) => self.is(&slice.expr, Shape::Text),
            Expr::BinOp(operation) => self.operation(operation),
            Expr::Compare(compare) => self.compare(compare),
            Expr::Filter(filter) => self.filter(filter),
            Expr::Call(call) => self.call(call),
            Expr::Var(_)
            | Expr::Const(_)
            | Expr::UnaryOp(_)
            | Expr::IfExpr(_)
            | Expr::Test(_)
            | Expr::List(_)
            | Expr::Tuple(_)
            | Expr::Map(_) => {}
        }
    }

    fn operation(&mut self, operation: &BinOp<'_>) {
        for operand in Self::calculated(operation) {
            self.is(operand, Shape::Number);
        }
        let (left, right) = (&operation.left, &operation.right);
        for (operand, other) in [(left, right), (right, left)] {
            if matches!(operation.op, BinOpKind::Add) && is_constant(other, ValueKind::String) {
                self.is(operand, Shape::Text);
            }
            if matches!(operation.op, BinOpKind::Add) && matches!(other, Expr::List(_)) {
                self.is(operand, Shape::List);
            }
        }
        if matches!(operation.op, BinOpKind::In) {
            self.is(right, Shape::Text);
        }
    }

    fn compare(&mut self, compare: &Compare<'_>) {
        for operation in &compare.ops {
            if matches!(operation.op, CompareOpKind::In | CompareOpKind::NotIn) {
                self.is(&operation.expr, Shape::Text);
            }
        }
    }

    fn filter(&mut self, filter: &Filter<'_>) {
        let Some(filtered) = &filter.expr else { return };
        if OF_OBJECTS.contains(&filter.name) {
            self.is(filtered, Shape::Object);
        }
        if OF_LISTS.contains(&filter.name) {
            self.is(filtered, Shape::List);
        }
        if matches!(filter.name, "length" | "count" | "reverse") {
            self.is(filtered, Shape::Text);
        }
        let by_attribute = filter.args.iter().any(|argument| matches!(argument, CallArg::Kwarg("attribute", _)));
        if let Some(list) = name(filtered).filter(|_| by_attribute || OF_LISTS_OF_OBJECTS.contains(&filter.name)) {
            self.note(&items(&list), Shape::Object);
        }
    }

    fn call(&mut self, call: &Call<'_>) {
        match call.identify_call() {
            CallType::Method(of, method) if OF_OBJECTS.contains(&method) => self.is(of, Shape::Object),
            CallType::Function("range") => {
                for argument in &call.args {
                    if let CallArg::Pos(value) = argument {
                        self.is(value, Shape::Count);
                    }
                }
            }
            CallType::Method(..) | CallType::Function(_) | CallType::Block(_) | CallType::Object(_) => {}
        }
    }

    fn is(&mut self, expression: &Expr<'_>, shape: Shape) {
        if let Some(name) = name(expression) {
            self.note(&name, shape);
        }
        if let Some(list) = list_of(expression) {
            self.note(&items(&list), shape);
        }
    }

    fn note(&mut self, name: &str, shape: Shape) {
        let noted = self.by_name.entry(name.to_owned()).or_insert(shape);
        *noted = shape.max(*noted);
    }
}

/// The name under which the items of a list are noted that have no variable.
fn items(list: &str) -> String {
    format!("{list}[]")
}

/// The list of which an expression is an item, by its place: `x.lines[0]`, `x.lines | first`.
fn list_of(expression: &Expr<'_>) -> Option<String> {
    if let Expr::GetItem(item) = expression {
        return name(&item.expr);
    }
    let Expr::Filter(filter) = expression else { return None };
    let list = filter.expr.as_ref().filter(|_| matches!(filter.name, "first" | "last"))?;
    name(list)
}

/// The name of a field or variable, also behind filters that keep its shape.
fn name(expression: &Expr<'_>) -> Option<String> {
    if let Expr::Var(variable) = expression {
        return Some(variable.id.to_owned());
    }
    if let Expr::GetAttr(attribute) = expression {
        return Some(attribute.name.to_owned());
    }
    if let Expr::GetItem(item) = expression {
        return item.subscript_expr.as_const()?.as_str().map(str::to_owned);
    }
    let Expr::Filter(filter) = expression else { return None };
    name(filter.expr.as_ref().filter(|_| UNCHANGED.contains(&filter.name))?)
}

fn is_constant(expression: &Expr<'_>, kind: ValueKind) -> bool {
    expression.as_const().as_ref().map(Value::kind) == Some(kind)
}

//! An expression that is true or false, in the language of the templates.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Serde, ValueKind};
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::Serialize;

use super::limit::{FUEL, RECURSION_MAX};

/// A condition over values. Unknown names are errors, and its value must be a boolean.
#[derive(Clone)]
pub struct Expression {
    text: Arc<str>,
    environment: Arc<Environment<'static>>,
}

impl Expression {
    /// Compiles an expression, without braces: `children | length >= 2`. The error is the engine's.
    pub fn compile(text: &str) -> Result<Self, String> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_fuel(Some(FUEL));
        environment.set_recursion_limit(RECURSION_MAX);
        environment.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.compile_expression(text).map_err(|error| error.to_string())?;
        Ok(Self { text: text.into(), environment: Arc::new(environment) })
    }

    /// Its value with the fields of `context` as variables. The error tells why there is none.
    pub fn holds<C: Serialize>(&self, context: &C) -> Result<bool, String> {
        let expression = self.environment.compile_expression(&self.text).map_err(|error| error.to_string())?;
        let value = expression.eval(Value::from(Serde(context))).map_err(|error| error.to_string())?;
        let kind = value.kind();
        if kind == ValueKind::Bool {
            Ok(value.is_true())
        } else {
            Err(format!("its value is a {kind}, not true or false"))
        }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expression({})", self.text)
    }
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Expression {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_expression_is_strict_and_boolean() {
        let context = json!({ "parent": { "total": 30 }, "children": [{ "amount": 10 }, { "amount": 20.0 }] });
        let holds = |text: &str| Expression::compile(text).unwrap().holds(&context);
        assert_eq!(holds("children | sum(attribute='amount') >= parent.total"), Ok(true));
        assert_eq!(holds("children | length > 2"), Ok(false));
        assert!(holds("children | length").unwrap_err().contains("not true or false"));
        assert!(holds("parent.totl > 3").unwrap_err().contains("undefined"));
        assert!(holds("range(100000000) | list | length > 3").is_err(), "it is limited");
        assert!(Expression::compile("children |").unwrap_err().contains("syntax error"));
    }
}

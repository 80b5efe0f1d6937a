//! The value of a list of events with `AND`, `OR` and parentheses.

use super::event::{Event, Item};

/// An open parenthesis: the value of its alternatives so far, and of the one that is being read.
#[derive(Clone, Copy)]
struct Group {
    any: bool,
    all: bool,
}

const OPEN: Group = Group { any: false, all: true };

impl Group {
    const fn value(self) -> bool {
        self.any || self.all
    }
}

/// True if the list is met by the events that are `there`. Neighbours without an operator are joined by `AND`; a parenthesis
/// that closes nothing is passed over.
pub(super) fn is_met(items: &[Item<'_>], there: impl Fn(Event<'_>) -> bool) -> bool {
    let (mut group, mut outer) = (OPEN, Vec::new());
    for item in items {
        match item {
            Item::Event(event) => group.all = group.all && there(*event),
            Item::Operator("OR") => group = Group { any: group.value(), ..OPEN },
            Item::Operator("(") => outer.push(std::mem::replace(&mut group, OPEN)),
            Item::Operator(")") => {
                if let Some(around) = outer.pop() {
                    group = Group { all: around.all && group.value(), ..around };
                }
            }
            Item::Operator(_) => {}
        }
    }
    outer.into_iter().rev().fold(group, |inner, around| Group { all: around.all && inner.value(), ..around }).value()
}

#[cfg(test)]
mod tests {
    use super::{Event, Item, is_met};

    fn met(list: &str, there: &str) -> bool {
        let items: Vec<Item<'_>> = list
            .split(' ')
            .map(|word| match word {
                "AND" | "OR" | "(" | ")" => Item::Operator(word),
                name => Item::Event(Event { name, date: "" }),
            })
            .collect();
        is_met(&items, |event| there.split(' ').any(|name| name == event.name))
    }

    #[test]
    fn an_expression_has_the_value_that_control_m_gives_it() {
        for (list, there, expected) in [
            ("a b", "a", false),
            ("a b", "b a", true),
            ("a OR b", "b", true),
            ("a AND b OR c", "c", true),
            ("a AND b OR c", "a", false),
            ("a AND ( b OR c )", "a c", true),
            ("a AND ( b OR c )", "b c", false),
            ("( a OR b ) AND ( c OR d )", "b d", true),
            ("( ( a ) OR ( b AND c ) )", "c", false),
            ("a ) OR ( b", "b", true),
        ] {
            assert_eq!(met(list, there), expected, "{list} with {there}");
        }
    }
}

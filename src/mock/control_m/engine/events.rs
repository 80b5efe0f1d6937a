//! The pool of events: names with a date, on each server.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::super::definition::{DateRef, EventRef};
use super::calendar::plus;

/// The date of events without one.
pub(in crate::mock::control_m) const NO_DATE: &str = "STAT";

/// An event in the pool.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::mock::control_m) struct Event {
    /// The Control-M server.
    pub(in crate::mock::control_m) server: String,
    /// Its name.
    pub(in crate::mock::control_m) name: String,
    /// `MMDD`, or `STAT` for none.
    pub(in crate::mock::control_m) date: String,
}

/// The events that are there.
#[derive(Debug, Default)]
pub(super) struct EventPool(BTreeSet<Event>);

impl EventPool {
    /// Whether an event is there, for a job with that order date.
    pub(super) fn has(&self, server: &str, event: &EventRef, order_date: Date) -> bool {
        match date(&event.date, order_date) {
            Some(date) => self.0.contains(&of(server, &event.name, date)),
            None => self.dates(server, &event.name).next().is_some(),
        }
    }

    /// Adds an event; `AnyDate` adds one with the order date. False if it is there already.
    pub(super) fn add(&mut self, server: &str, event: &EventRef, order_date: Date) -> bool {
        let date = date(&event.date, order_date).unwrap_or_else(|| month_and_day(order_date));
        self.0.insert(of(server, &event.name, date))
    }

    /// Deletes an event; `AnyDate` deletes all of its dates. False if there is none.
    pub(super) fn delete(&mut self, server: &str, event: &EventRef, order_date: Date) -> bool {
        if let Some(date) = date(&event.date, order_date) {
            return self.0.remove(&of(server, &event.name, date));
        }
        let found: Vec<Event> = self.dates(server, &event.name).cloned().collect();
        for event in &found {
            self.0.remove(event);
        }
        !found.is_empty()
    }

    /// All events.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Event> {
        self.0.iter()
    }

    fn dates<'a>(&'a self, server: &'a str, name: &'a str) -> impl Iterator<Item = &'a Event> {
        let from = of(server, name, String::new());
        self.0.range(from..).take_while(move |event| event.server == server && event.name == name)
    }
}

fn of(server: &str, name: &str, date: String) -> Event {
    Event { server: server.to_owned(), name: name.to_owned(), date }
}

/// The date in the pool; none for any.
fn date(wanted: &DateRef, order_date: Date) -> Option<String> {
    match wanted {
        DateRef::OrderDate(days) => Some(month_and_day(plus(order_date, *days))),
        DateRef::None => Some(NO_DATE.to_owned()),
        DateRef::Any => None,
        DateRef::Of(date) => Some(date.clone()),
    }
}

fn month_and_day(date: Date) -> String {
    date.strftime("%m%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_its_name_and_its_date() {
        let (today, mut pool) = (Date::constant(2026, 2, 28), EventPool::default());
        let event = |date: &str| EventRef { name: "e".to_owned(), date: DateRef::parse(date).unwrap() };
        assert!(pool.add("s", &event("OrderDate"), today));
        assert!(!pool.add("s", &event("0228"), today), "the same date");
        let tomorrow = plus(today, 1);
        assert!(!pool.has("s", &event("OrderDate"), tomorrow) && pool.has("s", &event("PreviousOrderDate"), tomorrow));
        assert!(!pool.has("s", &event("NoDate"), today) && !pool.has("other", &event("AnyDate"), today));
        assert!(pool.add("s", &event("NoDate"), today) && pool.add("s", &event("NextOrderDate"), today));
        assert!(pool.has("s", &event("NoDate"), tomorrow) && pool.has("s", &event("0301"), today));
        assert!(pool.delete("s", &event("NoDate"), today) && !pool.delete("s", &event("NoDate"), today));
        assert!(pool.delete("s", &event("AnyDate"), today));
        assert_eq!(pool.iter().count(), 0);
    }
}

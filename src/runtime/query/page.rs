//! Pages of lists: each source of a list gives its first rows, and what is complete of all of them is a page.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::answer::Item;
use super::incomplete::Incomplete;
use super::position::Position;

/// A page of a list.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    /// The entries, in the order of their positions.
    pub items: Vec<Item>,
    /// The cursor of the next page, to be sent as `cursor`; none on the last page. A page may have fewer entries than asked for, or none,
    /// and still have a next one: then it took too long to find more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Position>,
    /// The partitions that the page is of.
    pub partitions: BTreeSet<i32>,
    /// The partitions that are missing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub incomplete: Vec<Incomplete>,
}

impl Page {
    /// Joins the pages of several instances to one with up to `limit` entries. Of a partition for which two of them answer, because it
    /// was handed over meanwhile, an entry may be in both; then it is listed once.
    pub fn merge(pages: Vec<Self>, limit: usize) -> Self {
        let end = earliest(pages.iter().map(|page| page.next.as_ref())).cloned();
        let (mut items, mut partitions, mut incomplete) = (Vec::new(), BTreeSet::new(), Vec::new());
        for page in pages {
            items.extend(page.items);
            partitions.extend(page.partitions);
            incomplete.extend(page.incomplete);
        }
        let (items, next) = first(items.into_iter(), |item| &item.position, end, limit);
        Self { items, next, partitions, incomplete }
    }
}

/// The earliest end of several sources; `None` if all of them have ended.
pub(super) fn earliest<'a>(ends: impl Iterator<Item = Option<&'a Position>>) -> Option<&'a Position> {
    ends.flatten().min()
}

/// The first `limit` rows that no source can precede, each once, and the position after which the next page begins. `end` is the
/// earliest position up to which one of the sources has given its rows; `None`: all have given all.
pub(super) fn first<T>(
    rows: impl Iterator<Item = T>,
    position: impl Fn(&T) -> &Position,
    end: Option<Position>,
    limit: usize,
) -> (Vec<T>, Option<Position>) {
    let mut rows: Vec<T> = rows.filter(|row| end.as_ref().is_none_or(|end| position(row) <= end)).collect();
    rows.sort_by(|one, other| position(one).cmp(position(other)));
    rows.dedup_by(|one, other| position(one) == position(other));
    if rows.len() <= limit {
        return (rows, end);
    }
    rows.truncate(limit);
    let next = rows.last().map(|row| position(row).clone());
    (rows, next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Key, Timestamp};

    fn at(millis: i64) -> Position {
        Position { at: Timestamp::from_millis(millis), key: Key::new("k") }
    }

    fn joined(sources: &[(&[i64], Option<i64>)], limit: usize) -> (Vec<i64>, Option<i64>) {
        let ends: Vec<Option<Position>> = sources.iter().map(|(_, end)| end.map(at)).collect();
        let end = earliest(ends.iter().map(Option::as_ref)).cloned();
        let rows = sources.iter().flat_map(|(rows, _)| rows.iter().map(|row| at(*row)));
        let (rows, next) = first(rows, |row| row, end, limit);
        let millis = |position: &Position| position.at.as_millis();
        (rows.iter().map(millis).collect(), next.as_ref().map(millis))
    }

    #[test]
    fn a_page_ends_where_a_source_has_not_told_more() {
        assert_eq!(joined(&[(&[1, 4], Some(4)), (&[2, 3, 9], None)], 9), (vec![1, 2, 3, 4], Some(4)));
        assert_eq!(joined(&[(&[1, 4], None), (&[2, 3, 9], None)], 9), (vec![1, 2, 3, 4, 9], None));
        assert_eq!(joined(&[(&[1, 4], None), (&[2, 3, 9], Some(9))], 2), (vec![1, 2], Some(2)));
        assert_eq!(joined(&[(&[], Some(5)), (&[7], None)], 9), (vec![], Some(5)), "it took too long to find more");
        assert_eq!(joined(&[(&[1, 2], Some(2)), (&[1, 2], None)], 2), (vec![1, 2], Some(2)), "an entry is listed once");
    }
}

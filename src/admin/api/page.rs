//! Lists by pages: their parameters, their answer, and the cursor of the next page.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Problem;

/// The number of items of a page if none is asked for.
const ITEMS: u16 = 50;
/// The most items of a page.
pub const ITEMS_MAX: u16 = 500;
/// The longest cursor, in characters.
const CURSOR_CHARS_MAX: usize = 2_048;

/// The parameters of a list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ListQuery {
    /// The id of the application; all of the process without it.
    pub application: Option<String>,
    /// The most items of the answer, 50 without it.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u16>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// The parameters of a list without applications.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The most items of the answer, 50 without it.
    #[param(minimum = 1, maximum = 500)]
    pub limit: Option<u16>,
    /// The `next` of the page before.
    pub cursor: Option<String>,
}

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T> {
    /// The items, in their order.
    pub items: Vec<T>,
    /// The `cursor` of the next page; absent: this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The number of items that a page may have.
pub fn limit(asked: Option<u16>) -> Result<usize, Problem> {
    let limit = asked.unwrap_or(ITEMS);
    if (1..=ITEMS_MAX).contains(&limit) {
        return Ok(usize::from(limit));
    }
    Err(Problem::bad_parameter("limit", &format!("write a number from 1 to {ITEMS_MAX}")))
}

/// The text of a cursor: where the next page begins. For clients it has no meaning.
pub fn cursor<T: Serialize>(position: &T) -> Result<String, Problem> {
    let json = serde_json::to_vec(position).map_err(|_invalid| Problem::internal())?;
    Ok(URL_SAFE_NO_PAD.encode(json))
}

/// The position of a cursor.
pub fn position<T: DeserializeOwned>(cursor: &str) -> Result<T, Problem> {
    let refused = || {
        let remedy = "it is not the `next` of a page of this list: leave it out to begin with the first page";
        Problem::not_found("unknown_cursor", format!("cursor: {remedy}"))
    };
    if cursor.len() > CURSOR_CHARS_MAX {
        return Err(refused());
    }
    let json = URL_SAFE_NO_PAD.decode(cursor).map_err(|_invalid| refused())?;
    serde_json::from_slice(&json).map_err(|_invalid| refused())
}

/// The page of a whole list that this query asks for; `key` orders the list and tells its items apart.
pub(super) fn page<T, K>(items: Vec<T>, key: impl Fn(&T) -> K, query: &ListQuery) -> Result<Page<T>, Problem>
where
    K: Ord + Serialize + DeserializeOwned,
{
    let limit = limit(query.limit)?;
    let after: Option<K> = query.cursor.as_deref().map(position).transpose()?;
    let mut items: Vec<T> =
        items.into_iter().filter(|item| after.as_ref().is_none_or(|after| key(item) > *after)).collect();
    items.sort_by_key(&key);
    let is_last = items.len() <= limit;
    items.truncate(limit);
    let next = items.last().filter(|_| !is_last).map(|last| cursor(&key(last))).transpose()?;
    Ok(Page { items, next })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(limit: u16, cursor: Option<String>) -> ListQuery {
        ListQuery { limit: Some(limit), cursor, ..ListQuery::default() }
    }

    #[test]
    fn pages_have_every_item_once_also_while_items_come_and_go() {
        let first = page(vec![5, 1, 3, 2], |item| *item, &query(2, None)).unwrap();
        assert_eq!(first.items, [1, 2]);
        // 2 has gone, where the cursor stands, and 4 has come.
        let second = page(vec![5, 1, 3, 4], |item| *item, &query(2, first.next)).unwrap();
        assert_eq!(second.items, [3, 4]);
        let last = page(vec![5, 1, 3, 4], |item| *item, &query(2, second.next)).unwrap();
        assert_eq!((last.items, last.next), (vec![5], None));
    }

    #[test]
    fn a_cursor_of_another_list_and_a_limit_out_of_range_are_refused() {
        for text in ["", "x", "%00", "bnVsbA", &"a".repeat(CURSOR_CHARS_MAX + 1)] {
            let problem = page(vec![1], |item| *item, &query(1, Some(text.to_owned()))).unwrap_err();
            assert_eq!((problem.status, problem.code.as_str()), (404, "unknown_cursor"), "{text}");
        }
        for limit in [0, ITEMS_MAX + 1] {
            assert_eq!(page(vec![1], |item| *item, &query(limit, None)).unwrap_err().status, 400);
        }
    }
}

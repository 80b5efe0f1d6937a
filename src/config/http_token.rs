//! `http.tokens`: the tokens of the HTTP server's callers.

use super::reference::Reference;
use crate::codec::yaml::Item;

/// A token with a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpToken {
    /// Who acts with it.
    pub name: String,
    /// What it may do.
    pub role: HttpRole,
    /// The token.
    pub token: Reference,
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpRole {
    /// Reads everything.
    Read,
    /// Sends commands.
    Act,
    /// Does also what cannot be taken back.
    Admin,
}

/// The most characters of a name, which stands in each record of the audit.
const NAME_CHARS_MAX: usize = 60;

/// Reads the list.
pub(super) fn read_all(list: &Item<'_>) -> Option<Vec<HttpToken>> {
    // All are read before the first failure ends it, so that all problems are reported.
    let tokens: Vec<(Item<'_>, Option<HttpToken>)> =
        list.items()?.into_iter().map(|item| (item.clone(), read(&item))).collect();
    let mut valid: Vec<HttpToken> = Vec::new();
    for (item, token) in tokens {
        let token = token?;
        if valid.iter().any(|other| other.name == token.name) {
            item.problem(
                format!("there is another token named `{}`", token.name),
                Some("give each its own name".to_owned()),
            );
            return None;
        }
        valid.push(token);
    }
    Some(valid)
}

fn read(item: &Item<'_>) -> Option<HttpToken> {
    let mut fields = item.fields()?;
    let name = fields.required_item("name").and_then(|item| {
        let name = item.text()?;
        if (1..=NAME_CHARS_MAX).contains(&name.chars().count())
            && !name.chars().any(char::is_control)
            && name != "anonymous"
        {
            return Some(name.to_owned());
        }
        let hint = format!("take 1 to {NAME_CHARS_MAX} characters, and not `anonymous`");
        item.problem("this cannot be the name of a token", Some(hint));
        None
    });
    let roles = [("read", HttpRole::Read), ("act", HttpRole::Act), ("admin", HttpRole::Admin)];
    let role = fields.required_item("role").and_then(|item| item.word(&roles));
    let token = fields.required_item("token").and_then(|item| item.parsed(Reference::parse));
    fields.finish();
    Some(HttpToken { name: name?, role: role?, token: token? })
}

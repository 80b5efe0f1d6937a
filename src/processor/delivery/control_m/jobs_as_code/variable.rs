//! Variables of Control-M: `%%NAME` is replaced in commands, and in other variables, before a shell reads.

use super::shell::Around;

/// The prefix of variables in Control-M.
pub(super) const PREFIX: &str = "%%";
/// The most places of a variable that are looked at; they can grow with the power of the steps from variable to variable.
const USES_MAX: usize = 1_000;

/// The texts of a definition that use variables.
#[derive(Debug, Default)]
pub(super) struct Uses(Vec<Use>);

/// A text with a variable in it.
#[derive(Debug)]
struct Use {
    /// The pointer of the object that has it.
    owner: String,
    /// The variable whose value it is; `None` for the text of a shell.
    variable: Option<String>,
    text: String,
}

/// A variable in a shell's text at the end of a chain of variables.
struct Link<'u> {
    /// The variable to look for.
    name: &'u str,
    /// The owners of the chain.
    owners: Vec<&'u str>,
    /// The uses of the chain.
    seen: Vec<&'u Use>,
    around: Around,
}

/// The owner and the name of the variable at a pointer.
pub(super) fn of_pointer(pointer: &str) -> Option<(&str, String)> {
    let (owner, place) = pointer.rsplit_once("/Variables/")?;
    let name = place.rsplit('/').next().unwrap_or_default().replace("~1", "/").replace("~0", "~");
    Some((owner, name.trim_start_matches(['%', '\\']).to_owned()))
}

/// The owner and the name of the variable of a text: one in a list of variables, or `set` by an action on a condition of a job,
/// whose own it is then. One that is named with a backslash is known to other jobs too.
pub(super) fn of<'p>(pointer: &'p str, set: Option<&str>) -> Option<(&'p str, String)> {
    let Some(set) = set else { return of_pointer(pointer) };
    let of_job = || pointer.rsplitn(4, '/').nth(3).unwrap_or_default();
    let owner = if set.contains('\\') { "" } else { of_job() };
    Some((owner, set.trim_start_matches(['%', '\\']).to_owned()))
}

impl Uses {
    /// Adds a shell's text, or that of a variable, if it uses variables; `set` is the name of a variable that an action sets.
    pub(super) fn add(&mut self, pointer: &str, set: Option<&str>, text: &str) {
        if !text.contains(PREFIX) {
            return;
        }
        let (owner, variable) = match of(pointer, set) {
            Some((owner, name)) => (owner, Some(name)),
            None => (pointer.rsplit_once('/').map_or("", |(owner, _)| owner), None),
        };
        self.0.push(Use { owner: owner.to_owned(), variable, text: text.to_owned() });
    }

    /// What a shell has around a value with this around it in a variable, for each of its uses, also by way of other variables.
    pub(super) fn of(&self, owner: &str, name: &str, around: Around) -> Vec<Around> {
        let mut found = Vec::new();
        let mut links = vec![Link { name, owners: vec![owner], seen: Vec::new(), around }];
        while let Some(Link { name, owners, seen, around }) = links.pop() {
            let are_related = |it: &Use| owners.iter().all(|owner| are_related(owner, &it.owner));
            let is_new = |it: &Use| !seen.iter().any(|seen| std::ptr::eq(*seen, it));
            for it in self.0.iter().filter(|it| is_new(it) && are_related(it)) {
                for (before, after) in places(&it.text, name) {
                    let around = Around {
                        before: format!("{before}{}", around.before),
                        after: format!("{}{after}", around.after),
                    };
                    match &it.variable {
                        None => found.push(around),
                        Some(variable) => links.push(Link {
                            name: variable,
                            owners: owners.iter().copied().chain([it.owner.as_str()]).collect(),
                            seen: seen.iter().copied().chain([it]).collect(),
                            around,
                        }),
                    }
                    if found.len() + links.len() > USES_MAX {
                        // Unquoted is the strictest reading.
                        return vec![Around::default()];
                    }
                }
            }
        }
        found
    }
}

/// True if one of two objects is in the other, or inherited by it.
fn are_related(one: &str, other: &str) -> bool {
    let has = |outer: &str, inner: &str| {
        inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    has(one, other) || has(other, one) || has("/Defaults", one) || has("/Defaults", other)
}

/// The text before and behind each use of a variable: `%%NAME`, and with backslashes, by which Control-M tells folders' variables.
fn places<'t>(text: &'t str, name: &str) -> impl Iterator<Item = (&'t str, &'t str)> {
    text.match_indices(PREFIX).filter_map(move |(at, _)| {
        let (before, rest) = text.split_at(at);
        let rest = rest.strip_prefix(PREFIX)?.trim_start_matches('\\').strip_prefix(name)?;
        let goes_on = rest.starts_with(|next: char| next.is_alphanumeric() || next == '_');
        (!goes_on).then_some((before, rest))
    })
}

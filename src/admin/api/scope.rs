//! The applications that a request is about.

use super::{Port, Problem};

/// The applications that a list is about: the named one, or all of the process.
pub(super) fn applications(port: &dyn Port, named: Option<&str>) -> Result<Vec<String>, Problem> {
    let ids: Vec<String> = port.applications().into_iter().map(|application| application.id).collect();
    let Some(named) = named else { return Ok(ids) };
    if ids.iter().any(|id| id == named) {
        return Ok(vec![named.to_owned()]);
    }
    let shown: String = named.chars().take(SHOWN_CHARS_MAX).collect();
    let detail = format!("there is no application `{shown}` in this process; its applications are {}", ids.join(", "));
    Err(Problem::not_found("unknown_application", detail))
}

/// The most characters of a wrong id in an answer.
const SHOWN_CHARS_MAX: usize = 100;

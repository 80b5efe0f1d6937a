//! The applications that a request is about.

use axum::http::StatusCode;

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

/// The application with this processor: the named one, or the only one of the process.
pub(super) fn with_processor(port: &dyn Port, processor: &str, named: Option<&str>) -> Result<String, Problem> {
    let ids = applications(port, named)?;
    let all = port.applications();
    let has = |id: &&String| all.iter().any(|it| it.id == **id && it.processors.iter().any(|name| name == processor));
    let having: Vec<&String> = ids.iter().filter(has).collect();
    match having.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let known: Vec<&str> = all.iter().flat_map(|it| &it.processors).map(String::as_str).collect();
            let detail = format!("there is no processor of this name; there are {}", known.join(", "));
            Err(Problem::not_found("unknown_processor", detail))
        }
        several => {
            let ids = several.iter().map(|id| id.as_str()).collect::<Vec<_>>().join(", ");
            let detail = format!("several applications have this processor, name one by `application`: {ids}");
            Err(Problem::new(StatusCode::CONFLICT, "several_applications", detail))
        }
    }
}

/// The most characters of a wrong id in an answer.
const SHOWN_CHARS_MAX: usize = 100;

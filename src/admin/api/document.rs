//! The head of the `OpenAPI` document; its paths are those of the handlers.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::Problem;

/// The head of the document. Its version is that of the API, which changes when a client has to.
#[derive(OpenApi)]
#[openapi(
    info(title = "sheaf", version = "1", description = TEXT, license(name = "Apache-2.0", identifier = "Apache-2.0")),
    tags(
        (name = "process", description = "The process that is asked: its applications, instances, tasks and settings."),
        (name = "entries", description = "The entries of a processor, of all instances: bundles, deliveries."),
        (name = "commands", description = "What operators can do to entries."),
    ),
    components(schemas(Problem)),
    modifiers(&Tokens),
    security(("token" = []))
)]
struct Head;

const TEXT: &str = "What an instance of sheaf knows, and what it can be told to do.\n\n\
Lists are given by pages: `next` of a page is the `cursor` of the one after it. They are of all applications of the process, unless \
the parameter `application` names one. Times are in UTC, in the form of RFC 3339. What is absent is left out. Errors are of the form of \
RFC 9457 (`application/problem+json`), with a `code` for programs and a `detail` that names the remedy.";

/// Adds how tokens are sent.
struct Tokens;

impl Modify for Tokens {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let text = "A token of `http.tokens`. Its role is `read`, `act` (for commands) or `admin`.";
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(text)).build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The head.
pub(super) fn head() -> utoipa::openapi::OpenApi {
    Head::openapi()
}

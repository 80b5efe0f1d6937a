//! Style and scripts, served under names that change with their content.
//!
//! `htmx.min.js` is htmx 2.0.11 and `sse.min.js` its extension 2.2.4, both from npm (0BSD), unchanged; a test has their hashes.

use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use xxhash_rust::xxh3::xxh3_64;

/// A file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    /// The first part of its name.
    pub(super) stem: &'static str,
    end: &'static str,
    media_type: &'static str,
    content: &'static str,
}

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// All files.
pub(super) const ASSETS: [Asset; 4] = [
    Asset {
        stem: "style",
        end: "css",
        media_type: "text/css; charset=utf-8",
        content: include_str!("assets/style.css"),
    },
    Asset { stem: "htmx", end: "js", media_type: SCRIPT, content: include_str!("assets/htmx.min.js") },
    Asset { stem: "sse", end: "js", media_type: SCRIPT, content: include_str!("assets/sse.min.js") },
    Asset { stem: "console", end: "js", media_type: SCRIPT, content: include_str!("assets/console.js") },
];

impl Asset {
    /// The name, with a hash of the content: a browser may keep the file for ever.
    pub(super) fn name(&self) -> String {
        format!("{}-{:016x}.{}", self.stem, xxh3_64(self.content.as_bytes()), self.end)
    }
}

/// Serves a file.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let Some(asset) = ASSETS.iter().find(|asset| asset.name() == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, asset.media_type),
        (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, asset.content).into_response()
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::*;

    /// The SHA-256 of the files as npm has them.
    #[test]
    fn the_libraries_are_unchanged() {
        let hash = |stem: &str| {
            let asset = ASSETS.iter().find(|asset| asset.stem == stem).unwrap();
            let hash = sha2::Sha256::digest(asset.content.as_bytes());
            hash.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
        };
        assert_eq!(hash("htmx"), "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717");
        assert_eq!(hash("sse"), "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136");
    }
}

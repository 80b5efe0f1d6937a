//! Pages for people: one for each scenario, and an index. They need no server, no JavaScript and no other file, and print well.
//!
//! | file | what it is |
//! |---|---|
//! | `page` | the page of a scenario: its events on a timeline, each with what it led to |
//! | `axis` | the times of a scenario to scale |
//! | `entry` | where the entries stand at its end |
//! | `index` | the page that lists them |
//! | `file_name` | the names of their files |
//! | `style` | the style of all pages |

mod axis;
mod entry;
mod file_name;
mod index;
mod page;
mod style;

use super::outcome::Played;
use crate::codec::markup::escape;
use file_name::file_name;

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The name of its file.
    pub name: String,
    /// Its text.
    pub html: String,
}

/// The pages of all scenarios, and `index.html`.
pub fn pages(played: &[Played]) -> Vec<Page> {
    let mut pages = Vec::new();
    for (number, file) in (1..).zip(played) {
        for (place, outcome) in (1..).zip(&file.outcomes) {
            let name = file_name(number, file, place);
            pages.push(Page { html: document(&outcome.title, &page::body(file, outcome)), name });
        }
    }
    pages.push(Page { name: "index.html".to_owned(), html: document("Scenarios", &index::body(played)) });
    pages
}

fn document(title: &str, body: &str) -> String {
    let (title, style) = (escape(title), style::STYLE);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{style}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

//! A mail in plain text.

use super::content::{Line, Message, place, title};
use crate::processor::notification::text::severity;

/// The text.
pub(super) fn text(message: &Message) -> String {
    let mut paragraphs = Vec::new();
    for line in message.lines() {
        paragraphs.push(match line {
            Line::Gap(text) => format!("... {text} ..."),
            Line::Alert(alert) => {
                let head = format!("{}: {}", severity(alert.severity), title(alert));
                let remedy = alert.remedy.iter().map(|remedy| format!("  What to do: {remedy}"));
                let lines = [head, format!("  {}", alert.message), format!("  {}", place(alert))];
                lines.into_iter().chain(remedy).collect::<Vec<_>>().join("\n")
            }
        });
    }
    // `-- ` begins a signature (RFC 3676, section 4.3).
    format!("{}\n\n-- \n{}\n", paragraphs.join("\n\n"), message.footer())
}

//! A message of an incoming webhook of Slack (<https://docs.slack.dev/reference/block-kit/blocks>).
//!
//! Slack shows the blocks, whose texts are elements without markup. What is compatible with Slack but has no blocks (Mattermost,
//! Rocket.Chat) shows `text`, in which characters of markup are replaced.

use serde_json::{Value, json};

use super::content::{Line, Message, place, title};
use crate::model::Severity;
use crate::processor::notification::told::Told;

/// The most alerts and gaps in blocks: a message has at most 50 blocks.
const BLOCKS_MAX: usize = 45;

/// The body.
pub(super) fn body(message: &Message) -> Value {
    let lines = message.lines();
    let header =
        json!({ "type": "header", "text": { "type": "plain_text", "text": message.subject(), "emoji": false } });
    let shown = lines.iter().take(BLOCKS_MAX).map(block);
    let more = lines.len().saturating_sub(BLOCKS_MAX);
    let more = (more > 0).then(|| rich_text(&[element(&format!("... and {more} more"), "italic")]));
    let footer =
        json!({ "type": "context", "elements": [{ "type": "plain_text", "text": message.footer(), "emoji": false }] });
    let blocks: Vec<Value> = [header].into_iter().chain(shown).chain(more).chain([footer]).collect();
    let texts = lines.iter().map(|line| match line {
        Line::Alert(alert) => sentence(alert),
        Line::Gap(text) => format!("... {text} ..."),
    });
    let text: Vec<String> = [plain(&message.subject())].into_iter().chain(texts).collect();
    json!({ "text": text.join("\n"), "blocks": blocks })
}

fn block(line: &Line<'_>) -> Value {
    match line {
        Line::Gap(text) => rich_text(&[element(text, "italic")]),
        Line::Alert(alert) => {
            let mut elements = vec![
                element(&format!("{} {}", symbol(alert.severity), title(alert)), "bold"),
                literal(&format!("\n{}\n", alert.message)),
                element(&place(alert), "italic"),
            ];
            if let Some(remedy) = &alert.remedy {
                elements.extend([literal("\n"), element("What to do: ", "bold"), literal(remedy)]);
            }
            rich_text(&elements)
        }
    }
}

fn rich_text(elements: &[Value]) -> Value {
    json!({ "type": "rich_text", "elements": [{ "type": "rich_text_section", "elements": elements }] })
}

/// A text without markup.
fn literal(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// A text without markup, in one style.
fn element(text: &str, style: &str) -> Value {
    json!({ "type": "text", "text": text, "style": { style: true } })
}

/// A mark that is seen before the words are read.
const fn symbol(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "🔴",
        Severity::Warning => "🟠",
        Severity::Info => "🔵",
    }
}

/// An alert in a text with markup, on one line.
fn sentence(alert: &Told) -> String {
    let remedy = alert.remedy.iter().map(|remedy| format!(" *What to do:* {}", plain(remedy)));
    format!(
        "{} *{}*: {} ({}).{}",
        symbol(alert.severity),
        plain(&title(alert)),
        plain(&alert.message),
        plain(&place(alert)),
        remedy.collect::<String>()
    )
}

/// A text without the characters of Slack's markup and of Markdown: `&`, `<` and `>` are escaped as Slack wants it, others are
/// replaced by ones that look the same; `_` within a word is no markup.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut characters = text.chars().peekable();
    let mut before = ' ';
    while let Some(character) = characters.next() {
        let is_within = before.is_alphanumeric() && characters.peek().is_some_and(|next| next.is_alphanumeric());
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '*' => out.push('∗'),
            '`' => out.push('ˋ'),
            '~' => out.push('∼'),
            '@' => out.push('＠'),
            '[' => out.push('［'),
            ']' => out.push('］'),
            '_' if !is_within => out.push('ˍ'),
            _ => out.push(character),
        }
        before = character;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn no_markup_is_left_in_a_text() {
        let text = "<!here> <https://x|y> *b* _i_ ~s~ `c` @all [a](b) & sla_breach";
        assert_eq!(plain(text), "&lt;!here&gt; &lt;https://x|y&gt; ∗b∗ ˍiˍ ∼s∼ ˋcˋ ＠all ［a］(b) &amp; sla_breach");
    }
}

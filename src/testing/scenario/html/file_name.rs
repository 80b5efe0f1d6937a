//! The names of the files of pages.

use super::super::outcome::Played;

/// The name of the page of the scenario at a place of its file. The number of the file tells apart those of one name in several
/// directories.
pub(super) fn file_name(number: usize, file: &Played, place: usize) -> String {
    let stem = file.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '-' };
    format!("{number}-{}-{place}.html", stem.chars().map(plain).collect::<String>())
}

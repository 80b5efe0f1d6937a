//! The name of a bundle's folder.

use super::jobs_as_code::{NAME_CHARS_MAX, is_forbidden};
use crate::model::{Reject, RejectReason};

/// The longest name of a folder in Control-M, in characters (BMC, Creating a Folder).
pub const FOLDER_CHARS_MAX: usize = NAME_CHARS_MAX;

/// True if names of folders may begin so, with this many characters at most. Those of orders begin otherwise, by which both are told.
pub fn is_folder_prefix(prefix: &str, chars_max: usize) -> bool {
    let chars = prefix.chars().count();
    (1..=chars_max).contains(&chars) && !prefix.contains(is_forbidden) && !super::order::is_name(prefix)
}

/// The unique name of a bundle's folder, by which a submit in doubt is looked up.
///
/// Control-M allows 1-64 characters without blank `' $ / * ? "` and without the special characters of Latin-1 (BMC, Creating a
/// Folder). A name that Control-M would refuse or change could not be looked up, so it is rejected here.
pub(super) fn name(prefix: &str, bundle_id: &str) -> Result<String, Reject> {
    let folder = format!("{prefix}{bundle_id}");
    if bundle_id.is_empty() || folder.chars().count() > FOLDER_CHARS_MAX {
        let least = prefix.chars().count() + 1;
        let detail = format!(
            "the folder's name `{folder}` does not have {least} to {FOLDER_CHARS_MAX} characters: use uuids or shorter ids"
        );
        return Err(Reject::new(RejectReason::BadId, detail));
    }
    if let Some(bad) = folder.chars().find(|&character| is_forbidden(character)) {
        let detail = format!("the folder's name {folder:?} has {bad:?}, which Control-M forbids: use ids without it");
        return Err(Reject::new(RejectReason::BadId, detail));
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::{FOLDER_CHARS_MAX, RejectReason};

    fn name(bundle_id: &str) -> Result<String, super::Reject> {
        super::name("folder-", bundle_id)
    }

    #[test]
    fn a_folder_name_obeys_control_m() {
        assert_eq!(name("p-1:a_b.c").unwrap(), "folder-p-1:a_b.c");
        assert_eq!(name(&"x".repeat(57)).unwrap().len(), FOLDER_CHARS_MAX);
        for bad in ["", &"x".repeat(58), "a b", "a'b", "a$b", "a/b", "a*b", "a?b", "a\"b", "a\nb", "a\u{A7}b", "a\u{0}"]
        {
            assert_eq!(name(bad).unwrap_err().reason, RejectReason::BadId, "{bad:?}");
        }
    }
}

//! The name of a bundle's folder.

use super::jobs_as_code::{NAME_CHARS_MAX, is_forbidden};
use crate::model::{Reject, RejectReason};

/// The longest name of a folder in Control-M, in characters (BMC, Creating a Folder).
pub const FOLDER_CHARS_MAX: usize = NAME_CHARS_MAX;

/// The unique name of a bundle's folder, by which a submit in doubt is looked up.
///
/// Control-M allows 1-64 characters without blank `' $ / * ? "` and without the special characters of Latin-1 (BMC, Creating a
/// Folder). A name that Control-M would refuse or change could not be looked up, so it is rejected here.
pub(super) fn name(bundle_id: &str) -> Result<String, Reject> {
    let folder = format!("folder-{bundle_id}");
    if bundle_id.is_empty() || folder.chars().count() > FOLDER_CHARS_MAX {
        let detail = format!(
            "the folder's name `{folder}` does not have 8 to {FOLDER_CHARS_MAX} characters: use uuids or shorter ids"
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
    use super::{FOLDER_CHARS_MAX, RejectReason, name};

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

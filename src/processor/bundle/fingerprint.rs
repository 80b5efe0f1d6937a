//! Hashes of members, by which a closed bundle recognizes duplicates.

use std::fmt;

use sha1::{Digest, Sha1};
use uuid::{Builder, Uuid, uuid};

use super::Role;

/// The namespace of all fingerprints, chosen at random once.
const NAMESPACE: Uuid = uuid!("6b0e7a52-9d43-5c1e-8f27-3a5d10c4e9b6");

/// 16 bytes: of a name a version 5 UUID (RFC 9562, section 5.5), which is SHA-1, truncated to 122 bits; of a content that,
/// combined with the hash of its value. Accidental collisions are negligible; it does not resist deliberate ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// The fingerprint of a member's identity: its role, its name if it has one, and its id.
    pub fn of_member(role: Role, name: Option<&str>, id: &str) -> Self {
        let (colon, name) = name.map_or(("", ""), |name| (":", name));
        let pieces = [role.as_str(), colon, name, "/", id].map(str::as_bytes);
        Self(v5(NAMESPACE, &pieces).into_bytes())
    }

    /// The fingerprint of a member's content, from the hash of its value; `self` is the fingerprint of its name.
    #[must_use]
    pub const fn of_content(self, digest: u128) -> Self {
        Self((u128::from_le_bytes(self.0) ^ digest).to_le_bytes())
    }

    /// The fingerprint of a member's content as sheaf 0.1.0 stored it: of its bytes.
    #[must_use]
    pub(super) fn of_bytes(self, content: &[u8]) -> Self {
        Self(v5(Uuid::from_bytes(self.0), &[content]).into_bytes())
    }
}

/// Like `Uuid::new_v5`, but with hardware SHA-1, because each event takes one of these.
pub(super) fn v5(namespace: Uuid, pieces: &[&[u8]]) -> Uuid {
    let mut hash = Sha1::new().chain_update(namespace.as_bytes());
    for piece in pieces {
        hash.update(piece);
    }
    let hash = hash.finalize();
    let (first, _) = hash.split_first_chunk().unwrap_or((&[0; 16], &[]));
    Builder::from_sha1_bytes(*first).into_uuid()
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Uuid::from_bytes(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_a_version_5_uuid() {
        let name = Fingerprint::of_member(Role::Child, None, "c1");
        assert_eq!(Uuid::from_bytes(name.0), Uuid::new_v5(&NAMESPACE, b"child/c1"));
        let named = Fingerprint::of_member(Role::Child, Some("payment"), "c1");
        assert_eq!(Uuid::from_bytes(named.0), Uuid::new_v5(&NAMESPACE, b"child:payment/c1"));
        let content = name.of_bytes(b"{}");
        assert_eq!(Uuid::from_bytes(content.0), Uuid::new_v5(&Uuid::from_bytes(name.0), b"{}"));
        assert_ne!(name.of_content(7), Fingerprint::of_member(Role::Parent, None, "c1").of_content(7));
    }
}

//! Where the number of children comes from.

/// How many children a bundle has, if they are not counted by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counting {
    /// As many as the parent says.
    Stated,
    /// As many as the topology says.
    Fixed(u32),
    /// As many as the topology says, or more.
    AtLeast(u32),
    /// As many as a child says; the largest number counts.
    Announced,
}

impl Counting {
    /// The number of the topology.
    pub(super) const fn fixed(self) -> Option<u32> {
        match self {
            Self::Fixed(children) | Self::AtLeast(children) => Some(children),
            Self::Stated | Self::Announced => None,
        }
    }
}

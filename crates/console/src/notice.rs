//! One sentence above a page: what was just done. Named in the URL by a word of this list, so that nobody can make us say
//! anything else.

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Notice {
    /// The sentence.
    pub(crate) text: &'static str,
}

/// All of them.
const NOTICES: &[(&str, &str)] = &[
    ("invited", "The invitation was made."),
    ("changed", "The role was changed. Her sessions were ended."),
    ("removed", "This person can sign in no more."),
];

impl Notice {
    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        NOTICES.iter().find(|(known, _)| *known == name).map(|(_, text)| Self { text })
    }
}

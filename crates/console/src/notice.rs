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
    ("undone", "Taken back. They wait for a decision again."),
    ("late", "It was too late: the decision has been carried out."),
    ("replayed", "The event is on its way again, under its old id."),
    ("revoked", "The key is revoked. Whoever uses it is turned away from now on."),
    ("created", "The tenant was created. Invite its first admin below."),
    ("suspended", "The tenant is suspended. Nothing goes in or out."),
    ("resumed", "The tenant may act again."),
    ("limited", "The limits were changed. They act at once."),
    ("branded", "The brand was changed. Its people see it from their next page on."),
    ("offboarded", "The tenant leaves. It can be taken back until its time is over."),
    ("glass", "You may read mail of this tenant for 30 minutes. It was told, and may end it."),
    ("glass-closed", "You may read its mail no more."),
    ("glass-ended", "Ended: the operator may read your mail no more."),
    ("restored", "The tenant was taken back."),
];

impl Notice {
    /// The one of that name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        NOTICES.iter().find(|(known, _)| *known == name).map(|(_, text)| Self { text })
    }
}

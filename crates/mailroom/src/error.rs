//! What the mailroom answers when it does not do what it was asked. Absence is `Option`, not an error.

use crate::limits::OverLimit;

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A value is not what it must be.
    #[error("{field}: {problem}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The address is, or was, somebody's, is reserved, or looks like one that exists.
    #[error("this address cannot be had")]
    AddressCollision,
    /// A limit of the tenant's stands in the way.
    #[error("the limit of {} {} is reached", .0.max, .0.limit.what())]
    Limit(OverLimit),
    /// The same idempotency key came with another request.
    #[error("this idempotency key was used for another request")]
    IdempotencyMismatch,
    /// The state is not what the caller thought.
    #[error("{0}")]
    Conflict(&'static str),
    /// There are inboxes at the domain.
    #[error("there are {0} inboxes at this domain")]
    DomainInUse(i64),
    /// The domain of the inbox is held no more.
    #[error("the domain of this inbox is no longer verified as yours")]
    DomainNotHeld,
    /// The proof of the domain is there, and another tenant holds it.
    #[error("this domain is verified for another customer of this service")]
    DomainHeld,
    /// An archive is damaged, forged, or none.
    #[error("the archive is refused: {0}")]
    Archive(#[from] crate::archive::BadArchive),
    /// Names or addresses of an archive cannot be had here.
    #[error("{0}")]
    ImportConflict(String),
    /// The caller's key may not do, or not give away, that.
    #[error("the key lacks the scope `{0}`")]
    Scope(String),
    /// An operator who has no grant to read mail of this tenant, or not any more.
    #[error("you have no grant that is open to read this tenant's mail")]
    NoGrant,
    /// A URL may not be called.
    #[error("{0}")]
    UrlNotAllowed(String),
    /// The inbox is paused: nothing comes in, nothing goes out.
    #[error("the inbox is paused")]
    InboxPaused,
    /// Too much of what the inbox sent came back.
    #[error(
        "this inbox sends nothing for now: of the mails that it sent within seven days more than 8 of 100 came back, or about more than 1 of 1,000 somebody complained"
    )]
    SendingStopped,
    /// The daily limit of an inbox that is new, and what it grows to.
    #[error("the limit of {} {} is reached, for this inbox is new: it grows to {full}", .over.max, .over.limit.what())]
    StillNew {
        /// What holds today.
        over: OverLimit,
        /// What it grows to.
        full: u64,
    },
    /// A token of ours stands in a mail that was to be sent.
    #[error("a token of this service stands in the mail")]
    SecretInBody,
    /// A secret of this family stands in a mail that was to be sent.
    #[error("a secret stands in the mail: {0}")]
    SecretOf(&'static str),
    /// A mail that should wait for a person, where the owner wants it refused.
    #[error("after a mail of risk this inbox may not send that: {0}")]
    Tainted(String),
    /// The owner's policy is against it.
    #[error("{0}")]
    SendPolicy(&'static str),
    /// Nothing is sent to somebody.
    #[error("{0}")]
    RecipientNotAllowed(&'static str),
    /// The composed mail would be larger than this, in bytes.
    #[error("the mail would be larger than {0} bytes")]
    TooLarge(usize),
    /// Only a service with open sign-up.
    #[error("sign-up is closed")]
    SignupClosed,
    /// The store could not answer.
    #[error("the store could not answer")]
    Store(#[from] mailward_store::Error),
    /// A key is not to be had, or does not fit.
    #[error("a key does not fit")]
    Keys(#[from] mailward_vault::Error),
    /// Something sealed does not open where it lies: it was changed, or belongs elsewhere. Never shown as anything else.
    #[error("what is stored of {object} cannot be read")]
    Unreadable {
        /// Of what: an id.
        object: String,
        /// Why not.
        #[source]
        cause: Box<Error>,
    },
    /// What guards the keys does not give them.
    #[error("the keys are not to be had")]
    Root(#[from] crate::RootError),
    /// The tenant's data lives elsewhere.
    #[error("this service does not serve the region `{0}`")]
    WrongRegion(String),
    /// Something of ours is not as we left it.
    #[error("stored data is damaged: {0}")]
    Damaged(&'static str),
}

impl Error {
    /// What does not open, with the id of what it should have been.
    pub(crate) fn unreadable(object: &str, cause: impl Into<Error>) -> Self {
        Self::Unreadable { object: object.to_owned(), cause: Box::new(cause.into()) }
    }

    pub(crate) fn invalid(field: &'static str, problem: impl Into<String>) -> Self {
        Self::Invalid { field, problem: problem.into() }
    }
}

/// What the mailroom answers.
pub type Result<T> = std::result::Result<T, Error>;

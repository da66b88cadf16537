//! Why mail was not taken. Each front end says it in its own protocol.

/// What stands against taking a message, or a recipient, now or ever.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Unknown, deleted and another region's address alike.
    #[error("no such inbox")]
    NoSuchInbox,
    /// The address asks us to pass mail on.
    #[error("relaying is denied")]
    RelayDenied,
    /// The inbox' or tenant's storage or message quota is used up.
    #[error("inbox is over its quota")]
    OverQuota,
    /// The tenant or inbox receives faster than it may.
    #[error("too many messages for this inbox right now")]
    RateLimited,
    /// The tenant has too much in flight.
    #[error("too much mail in flight for this inbox")]
    InFlight,
    /// The inbox is paused or its tenant suspended, for now.
    #[error("inbox is paused")]
    Paused,
    /// Likewise, for more than 30 days.
    #[error("inbox is disabled")]
    PausedForGood,
    /// Whoever it is for takes no mail from this sender.
    #[error("mail from this sender is not wanted")]
    NotWanted,
    /// More bytes than are taken.
    #[error("message is too big")]
    TooLarge,
    /// The writer's queue, the memory or the disk is full; it passes.
    #[error("too busy, or storage is full")]
    Busy,
    /// The store or the keys cannot be reached.
    #[error("storage is unavailable")]
    StoreDown,
    /// The message has come by here before, or by too many hosts.
    #[error("mail loop")]
    Loop,
    /// The message breaks the protocol so that nobody can know where it ends or what it says.
    #[error("message is malformed: {0}")]
    Malformed(&'static str),
    /// Our own fault.
    #[error("internal error")]
    Internal,
}

impl Refusal {
    /// In a word, as monitors count it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoSuchInbox => "no_such_inbox",
            Self::RelayDenied => "relay_denied",
            Self::OverQuota => "over_quota",
            Self::RateLimited => "rate_limited",
            Self::InFlight => "in_flight",
            Self::Paused => "paused",
            Self::PausedForGood => "paused_for_good",
            Self::NotWanted => "not_wanted",
            Self::TooLarge => "too_large",
            Self::Busy => "busy",
            Self::StoreDown => "store_down",
            Self::Loop => "loop",
            Self::Malformed(_) => "malformed",
            Self::Internal => "internal",
        }
    }
}

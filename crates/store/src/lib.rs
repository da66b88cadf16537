//! The only SQL. Rows of one tenant are reached through its [`Scope`]; the few statements without a tenant are in
//! [`system`].
//!
//! Holds no key: what is sealed goes in and out as it is. SQLite and PostgreSQL speak one text per query.

pub mod audit;
pub mod backup;
mod db;
mod error;
mod intake;
mod jobs;
mod keystore;
mod news;
mod nodes;
mod people;
pub mod provision;
mod scope;
mod size;
mod system;
mod tenant;
mod trespass;
#[cfg(doctest)]
mod unforgeable;
mod wake;

pub use audit::act::{Act, Action, Actor, Origin, Outcome};
pub use backup::Idle;
pub use db::Location;
pub use error::Error;
pub use intake::{Committed, Delivery, Intake, IntakeError, IntakeLimits, NewEvent, Next, Written};
pub use jobs::{Claim, ClaimedJob, JobKind, Settle};
pub use keystore::{
    ClaimedRotation, KeyVersion, Keystore, MasterState, NewRotation, Rewrapped, RotationKind, RotationRow,
    RotationState, StoredMaster, StoredServiceKey, StoredTenantKey, TenantKeyRow,
};
pub use news::News;
pub use nodes::Node;
pub use people::{EntryKind, Found, House, Household, NewEntry, Person, PersonState, Role};
pub use scope::account::Account;
pub use scope::acts::{DayUse, UseAct};
pub use scope::allowed::{AllowedSender, NewAllowedSender};
pub use scope::approval::Approval;
pub use scope::archive::{ArchivedInbox, ArchivedMessage, RestoredMessage};
pub use scope::attempt::{Attempt, AttemptOutcome};
pub use scope::brand::BrandRow;
pub use scope::closing::ClosedMonth;
pub use scope::conversation::Thread;
pub use scope::decision::DecisionRecord;
pub use scope::domain::{Domain, DomainStatus};
pub use scope::endpoint::{Disabled, Probe, Standing};
pub use scope::erase::{ChainHead, Holdings};
pub use scope::event::{EventKind, EventRow};
pub use scope::glass::Glass;
pub use scope::hours::{Hour, HourUse, Levels};
pub use scope::inbox::{AddressClaim, Inbox, InboxChange, NewInbox};
pub use scope::judging::{JudgeUse, Judged, JudgedAnew};
pub use scope::key::{ApiKey, NewKey, Scopes};
pub use scope::lease::{LeaseClaim, Leased, MOST_TRIES, Settled};
pub use scope::leaving::Leaving;
pub use scope::log::{LogFilter, Logged};
pub use scope::message::{Decision, Direction, Filter, Message, NewMessage, State};
pub use scope::notice::{Level, Notice};
pub use scope::outgoing::{NewOutgoing, OutgoingStatus, Recipient};
pub use scope::pending::{NewPending, Pending};
pub use scope::policy::PolicyRow;
pub use scope::quiet::{LoopBudget, Quiet};
pub use scope::rejudged::Rejudged;
pub use scope::relay::RelayRow;
pub use scope::review::Decided;
pub use scope::rotation::{RewrappedDek, SealedPart};
pub use scope::search::{SealedMail, SearchFilter, SearchPlace};
pub use scope::send_use::{SendUse, Sent};
pub use scope::stopped::{CountedFrom, Stopped};
pub use scope::suppression::{Suppression, SuppressionReason};
pub use scope::taint::Risky;
pub use scope::thread::{Acquaintance, Threading};
pub use scope::usage::{Allowance, Drift, Quota, ReceiveUse, Span, Use, comes_near};
pub use scope::webhook::{Include, NewWebhook, Webhook, WebhookChange};
pub use system::brands::Branded;
pub use system::{Authenticated, Operator, Route, TenantRow, TenantState};
pub use tenant::{Scope, Store, Tenant};
pub use trespass::Sighting;
pub use wake::Waiter;

/// What a store answers.
pub type Result<T> = std::result::Result<T, Error>;

//! Signing in: a password, then a code. What costs nothing comes first, and each failure looks like the next.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mailward_fair::{Interval, Lru};
use mailward_mail::clock::Timestamp;
use mailward_mail::id::TenantId;
use mailward_store::{Act, Action, EntryKind, House, NewEntry, Origin, Outcome, Person, PersonState};
use mailward_vault::password;
use mailward_vault::totp::{self, Seed};
use tokio::sync::Semaphore;

use super::invitations::actor;
use super::record::{Of, Record, secret_text, typed};
use super::{LONGEST, SessionSecret};
use crate::{Error, Mailroom, Result};

/// How long somebody has for her code once her password is known.
const HALF: Duration = Duration::from_secs(5 * 60);
/// Attempts at once of one account, failures at once of one network, and one more each period.
const ATTEMPTS: u32 = 5;
const PERIOD_MICROS: i64 = 12_000_000;
/// So many wrong codes in a row, and no code is looked at for a while: who guesses has the password.
const MOST_FAILURES: i64 = 10;
const LOCKED: Duration = Duration::from_secs(15 * 60);
/// Accounts and networks remembered at once.
const REMEMBERED: usize = 10_000;
/// Who waits for a password to be checked; further ones are told to come again.
const QUEUE: usize = 16;
/// A hash of nobody's password: who is unknown takes as long.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAECAwQFBgcICQoLDA0ODw$5/W87cqWDElP2gtnTIq/qDSP1zopANxZLonkobS2XWw";

/// Who says she is whom.
pub struct SignInRequest<'a> {
    /// The slug of her tenant; none: she says she is of the operator's staff.
    pub organisation: Option<&'a str>,
    /// Her address.
    pub email: &'a str,
    /// Her password.
    pub password: &'a str,
    /// From where.
    pub from: IpAddr,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Unknown, wrong, used, ended: all one.
    #[error("address, password or code are wrong")]
    Wrong,
    /// Too often, from there or for that account: come again after this.
    #[error("too many attempts")]
    TooMany(Duration),
    /// Too many people sign in just now.
    #[error("too many people sign in just now")]
    Busy,
    /// Nobody can be asked.
    #[error("the store could not answer")]
    Down(#[from] Error),
}

impl From<mailward_store::Error> for Refused {
    fn from(error: mailward_store::Error) -> Self {
        Self::Down(error.into())
    }
}

/// How often who tried, and how many passwords may be checked at once.
pub(crate) struct Doors {
    tries: Mutex<Lru<[u8; 32], i64>>,
    checks: Semaphore,
    waiting: Semaphore,
}

impl Default for Doors {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            tries: Mutex::new(Lru::new(REMEMBERED)),
            checks: Semaphore::new((cores / 2).max(1)),
            waiting: Semaphore::new(QUEUE),
        }
    }
}

impl Doors {
    /// Whether somebody has an attempt left, and whether this was one.
    fn attempt(&self, who: [u8; 32], now: Timestamp, counts: bool) -> std::result::Result<(), Refused> {
        let each = Interval::each(PERIOD_MICROS, ATTEMPTS);
        let now = now.millis().saturating_mul(1_000);
        let mut tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let arrival = tries.get(&who).copied().unwrap_or_default();
        let free = each.check(arrival, now);
        free.map_err(|wait| Refused::TooMany(Duration::from_micros(wait.unsigned_abs())))?;
        if counts {
            tries.put(who, each.count(arrival, now, 1));
        }
        Ok(())
    }
}

impl Mailroom {
    /// The first half: an address and a password. What is answered is good for a code, and for nothing else.
    pub async fn sign_in(&self, request: &SignInRequest<'_>) -> std::result::Result<SessionSecret, Refused> {
        let now = self.0.clock.now();
        let network = network(request.from);
        self.0.people.attempt(network, now, false)?;
        let done = self.first_half(request, now).await;
        if let Err(Refused::Wrong) = &done {
            self.0.people.attempt(network, now, true)?;
        }
        done
    }

    async fn first_half(
        &self,
        request: &SignInRequest<'_>,
        now: Timestamp,
    ) -> std::result::Result<SessionSecret, Refused> {
        let slug = request.organisation.map(TenantId::parse);
        let house = match &slug {
            None => mailward_store::audit::SYSTEM,
            Some(Ok(slug)) => slug.as_str(),
            // No slug is no tenant's, and never the operator's own house.
            Some(Err(_)) => "",
        };
        let address = self.people_digest(Of::Address(house, request.email.trim())).await?;
        self.0.people.attempt(address, now, true)?;
        let found = self.0.store.entry(&address, EntryKind::Address).await?.filter(|it| self.is_open(it));
        let person = match &found {
            Some(found) => found.house.read().await?.person(&found.person).await?,
            None => None,
        };
        let person = person.filter(|person| person.state == PersonState::Active);
        let record = match (&found, &person) {
            (Some(found), Some(person)) => Some(self.record(&found.house, person).await?),
            _ => None,
        };
        let phc = record.map_or_else(|| NOBODY.to_owned(), |record| record.password);
        let is_right = self.check_password(request.password, phc).await?;
        let (Some(found), Some(person), true) = (found, person, is_right) else { return Err(Refused::Wrong) };
        let (half, digest) = self.new_session().await?;
        let mut household = found.house.write().await?;
        household.drop_ended(now).await?;
        let entry = NewEntry {
            digest: &digest,
            person: &person.id,
            kind: EntryKind::Half,
            expires_at: Some(now.plus(HALF)),
        };
        household.insert_entry(&entry, now).await?;
        household.commit().await?;
        Ok(half)
    }

    /// The second half: a code of the authenticator, or one of the recovery codes.
    pub async fn sign_in_code(
        &self,
        half: &str,
        code: &str,
        from: IpAddr,
        origin: &Origin,
    ) -> std::result::Result<SessionSecret, Refused> {
        let now = self.0.clock.now();
        let network = network(from);
        self.0.people.attempt(network, now, false)?;
        let done = self.second_half(half, code, origin, now).await;
        if let Err(Refused::Wrong) = &done {
            self.0.people.attempt(network, now, true)?;
        }
        done
    }

    async fn second_half(
        &self,
        half: &str,
        code: &str,
        origin: &Origin,
        now: Timestamp,
    ) -> std::result::Result<SessionSecret, Refused> {
        let Some((found, half)) = self.session(half, EntryKind::Half, now).await? else {
            return Err(Refused::Wrong);
        };
        let person = found.house.read().await?.person(&found.person).await?;
        let Some(person) = person.filter(|person| person.state == PersonState::Active) else {
            return Err(Refused::Wrong);
        };
        if person.failures >= MOST_FAILURES && now < person.failed_at.plus(LOCKED) {
            return Err(Refused::TooMany(LOCKED));
        }
        let record = self.record(&found.house, &person).await?;
        let proven = self.prove(&found.house, &person, &record, code, now).await?;
        let (session, digest) = self.new_session().await?;
        let mut household = found.house.write().await?;
        let is_right = match &proven {
            None => false,
            Some(Proven::Step(step)) => household.use_code(&person.id, *step).await?,
            Some(Proven::Recovery(changed)) => household.save_person(changed).await?,
        };
        let act =
            |action| Act::new(action).by(actor(&found.house, &person)).from(origin).on(person.id.as_str());
        if !is_right {
            household.wrong_code(&person.id, now).await?;
            household.audit(&act(Action::SecondFactorFailed).ended(Outcome::Refused), now).await?;
            household.commit().await?;
            return Err(Refused::Wrong);
        }
        household.take_entry(&half).await?;
        let entry = NewEntry {
            digest: &digest,
            person: &person.id,
            kind: EntryKind::Session,
            expires_at: Some(now.plus(LONGEST)),
        };
        household.insert_entry(&entry, now).await?;
        household.touch_entry(&digest, &person.id, now).await?;
        let how = if matches!(proven, Some(Proven::Recovery(_))) { "recovery" } else { "totp" };
        household.audit(&act(Action::SignedIn).word("factor", how), now).await?;
        household.commit().await?;
        Ok(session)
    }

    /// Hashes a password where blocking is allowed.
    pub(crate) async fn hash_password(&self, password: &str) -> Result<String> {
        let (password, random) = (zeroize::Zeroizing::new(password.to_owned()), self.0.random.clone());
        let _place =
            self.0.people.checks.acquire().await.map_err(|_| Error::Damaged("the doors are shut"))?;
        let made = tokio::task::spawn_blocking(move || password::hash(&password, &random)).await;
        made.map_err(|_| Error::Damaged("a password could not be hashed"))
    }

    /// What a code proves, if anything.
    async fn prove(
        &self,
        house: &House,
        person: &Person,
        record: &Record,
        code: &str,
        now: Timestamp,
    ) -> Result<Option<Proven>> {
        let code = typed(code);
        if code.len() == 6 {
            let seed = Seed::parse(&record.seed).ok_or(Error::Damaged("a second factor is no seed"))?;
            return Ok(totp::step_of(&seed, &code, now.millis()).map(Proven::Step));
        }
        let digest = self.people_digest(Of::Recovery(person.id.as_str(), &code)).await?;
        let digest = secret_text(&digest[..16]);
        if !record.recovery.contains(&digest) {
            return Ok(None);
        }
        let mut left = record.clone();
        left.recovery.retain(|known| *known != digest);
        let sealed = self.seal_record(house, person.id.as_str(), &left).await?;
        Ok(Some(Proven::Recovery(Box::new(Person { sealed, ..person.clone() }))))
    }

    async fn check_password(&self, password: &str, phc: String) -> std::result::Result<bool, Refused> {
        let Ok(_queue) = self.0.people.waiting.try_acquire() else { return Err(Refused::Busy) };
        let _place = self.0.people.checks.acquire().await.map_err(|_| Refused::Busy)?;
        let password = zeroize::Zeroizing::new(password.to_owned());
        let checked = tokio::task::spawn_blocking(move || password::verify(&password, &phc)).await;
        checked.map_err(|_| Refused::Down(Error::Damaged("a password could not be checked")))
    }
}

/// A network as attempts are counted: an address of IPv4, a /64 of IPv6.
fn network(from: IpAddr) -> [u8; 32] {
    let mut who = [0; 32];
    match from.to_canonical() {
        IpAddr::V4(v4) => who[..4].copy_from_slice(&v4.octets()),
        IpAddr::V6(v6) => who[..8].copy_from_slice(&v6.octets()[..8]),
    }
    who
}

enum Proven {
    /// A code of this step.
    Step(i64),
    /// A recovery code; the person without it.
    Recovery(Box<Person>),
}

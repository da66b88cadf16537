//! Invitations: a link that is good once and for two days, and what becomes of who takes it up.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{PersonId, TenantId};
use mailward_store::{
    Act, Action, Actor, EntryKind, Found, House, NewEntry, Operator, Person, PersonState, Role, TenantState,
};
use mailward_vault::totp::{self, Seed};

use super::record::{Of, Record, checked_address, secret_text};
use super::{INVITED_FOR, Member, SessionSecret};
use crate::{Error, Mailroom, Result};

/// The shortest password, in characters. Length is what counts (NIST SP 800-63B 5.1.1).
const LEAST_PASSWORD: usize = 12;
/// The longest; more would only be work.
const MOST_PASSWORD: usize = 200;
/// Recovery codes that are given out.
const RECOVERY_CODES: usize = 10;
const MOST_NAME: usize = 80;
/// People of one house.
const MOST_PEOPLE: usize = 500;

/// Whom to invite, as what.
#[derive(Clone, Debug)]
pub struct InviteRequest {
    /// The address she will sign in with.
    pub email: String,
    /// What she may do.
    pub role: Role,
}

/// An invitation, told this once.
pub struct Invitation {
    /// The person's id.
    pub person: PersonId,
    /// The address she was invited as.
    pub email: String,
    /// What she may do.
    pub role: Role,
    /// The secret of the link.
    pub secret: String,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// What somebody with an invitation sees.
pub struct Invited {
    /// The tenant; none: the operator's staff.
    pub organisation: Option<String>,
    /// The address she will sign in with.
    pub email: String,
    /// What she may do.
    pub role: Role,
    /// The seed for her authenticator app.
    pub seed: Seed,
}

/// What she answers.
pub struct Joining<'a> {
    /// What she is called.
    pub name: &'a str,
    /// Her password.
    pub password: &'a str,
    /// A code of her authenticator app.
    pub code: &'a str,
}

/// She is signed in.
pub struct Accepted {
    /// Her session.
    pub session: SessionSecret,
    /// Codes for when her authenticator is lost, told this once.
    pub recovery: Vec<String>,
}

impl Mailroom {
    /// Invites somebody to the operator's staff, or to a tenant. `None`: no such tenant.
    pub async fn invite_as_operator(
        &self,
        operator: &Operator,
        tenant: Option<&TenantId>,
        request: &InviteRequest,
    ) -> Result<Option<Invitation>> {
        let house = match tenant {
            None => operator.house(),
            Some(id) => {
                let Some((row, tenant)) = operator.tenant(id).await? else { return Ok(None) };
                if row.state.is_gone() {
                    return Ok(None);
                }
                tenant.house()
            }
        };
        let act =
            Act::new(Action::PersonInvited).by(Actor::Operator(operator.keyid())).from(operator.origin());
        self.invite_into(&house, request, operator.keyid(), act).await.map(Some)
    }

    /// Invites a colleague.
    ///
    /// # Errors
    /// [`Error::Scope`] for who is no admin; [`Error::Conflict`] for who has joined already.
    pub async fn invite(&self, member: &Member, request: &InviteRequest) -> Result<Invitation> {
        if member.role() < Role::Admin {
            return Err(Error::Scope("admin".into()));
        }
        let act = member.act(Action::PersonInvited);
        self.invite_into(&member.house, request, member.id(), act).await
    }

    /// Who is invited by that secret. `None`: nobody, or not any more.
    pub async fn invitation(&self, secret: &str) -> Result<Option<Invited>> {
        let Some((found, person)) = self.open_invitation(secret).await? else { return Ok(None) };
        let record = self.record(&found.house, &person).await?;
        let seed = Seed::of(&self.people_digest(Of::InvitedSeed(secret)).await?);
        Ok(Some(Invited {
            organisation: found.house.tenant().map(|tenant| tenant.id().to_string()),
            email: record.email,
            role: person.role,
            seed,
        }))
    }

    /// Takes an invitation up. `None`: it is nobody's, or not any more.
    ///
    /// # Errors
    /// [`Error::Invalid`] names what of the answer will not do; the invitation stays.
    pub async fn accept(&self, secret: &str, joining: &Joining<'_>) -> Result<Option<Accepted>> {
        let Some((found, mut person)) = self.open_invitation(secret).await? else { return Ok(None) };
        let mut record = self.record(&found.house, &person).await?;
        let name = joining.name.trim();
        if name.is_empty() || name.chars().count() > MOST_NAME || name.chars().any(char::is_control) {
            return Err(Error::invalid("name", "must have 1 to 80 characters"));
        }
        check_password(joining.password, &record.email)?;
        let now = self.0.clock.now();
        let seed = Seed::of(&self.people_digest(Of::InvitedSeed(secret)).await?);
        let code: String = joining.code.chars().filter(char::is_ascii_digit).collect();
        let Some(step) = totp::step_of(&seed, &code, now.millis()) else {
            return Err(Error::invalid("code", "is not the present code; look whether the clock is right"));
        };
        record.name = name.to_owned();
        record.password = self.hash_password(joining.password).await?;
        record.seed = seed.base32().to_string();
        let mut recovery = Vec::with_capacity(RECOVERY_CODES);
        record.recovery.clear();
        for _ in 0..RECOVERY_CODES {
            let code = recovery_code(self.0.random.bytes());
            let digest =
                self.people_digest(Of::Recovery(person.id.as_str(), &super::record::typed(&code))).await?;
            record.recovery.push(secret_text(&digest[..16]));
            recovery.push(code);
        }
        person.state = PersonState::Active;
        person.sealed = self.seal_record(&found.house, person.id.as_str(), &record).await?;
        let used = self.people_digest(Of::Invitation(secret)).await?;
        let (session, digest) = self.new_session().await?;
        let mut household = found.house.write().await?;
        if !household.take_entry(&used).await? || !household.save_person(&person).await? {
            return Ok(None);
        }
        household.end_entries(&person.id, false).await?;
        // A code that was shown here is not good for the first sign-in.
        household.use_code(&person.id, step).await?;
        let entry = NewEntry {
            digest: &digest,
            person: &person.id,
            kind: EntryKind::Session,
            expires_at: Some(now.plus(super::LONGEST)),
        };
        household.insert_entry(&entry, now).await?;
        household.touch_entry(&digest, &person.id, now).await?;
        let act = Act::new(Action::PersonJoined).by(actor(&found.house, &person)).on(person.id.as_str());
        household.audit(&act, now).await?;
        household.commit().await?;
        Ok(Some(Accepted { session, recovery }))
    }

    async fn invite_into(
        &self,
        house: &House,
        request: &InviteRequest,
        by: &str,
        act: Act<'_>,
    ) -> Result<Invitation> {
        let email = checked_address(&request.email)?;
        let now = self.0.clock.now();
        let secret = secret_text(&self.0.random.bytes::<32>());
        let invitation = self.people_digest(Of::Invitation(&secret)).await?;
        let address = self.people_digest(Of::Address(house.name(), &email)).await?;
        let known = self.0.store.entry(&address, EntryKind::Address).await?;
        let fresh = PersonId::generate(&self.0.clock, &self.0.random);
        let record = Record { email: email.clone(), ..Record::default() };
        let sealed = self.seal_record(house, fresh.as_str(), &record).await?;
        let mut household = house.write().await?;
        let person = match known {
            None => {
                if household.people().await?.len() >= MOST_PEOPLE {
                    return Err(Error::Conflict("there are as many people as there may be"));
                }
                let person = Person {
                    id: fresh,
                    role: request.role,
                    state: PersonState::Invited,
                    version: 0,
                    created_at: now,
                    created_by: by.to_owned(),
                    seen_at: None,
                    failures: 0,
                    failed_at: Timestamp(0),
                    sealed,
                };
                household.insert_person(&person).await?;
                let entry = NewEntry {
                    digest: &address,
                    person: &person.id,
                    kind: EntryKind::Address,
                    expires_at: None,
                };
                if !household.insert_entry(&entry, now).await? {
                    return Err(Error::Conflict("somebody else invites this person just now"));
                }
                person
            }
            Some(found) => {
                let person = household.person(&found.person).await?;
                let mut person = person.ok_or(Error::Damaged("an address without a person"))?;
                if person.state == PersonState::Active {
                    return Err(Error::Conflict("this person has joined already"));
                }
                // Invited once more: the link before is good no longer.
                person.role = request.role;
                household.end_entries(&person.id, false).await?;
                household.save_person(&person).await?;
                person
            }
        };
        let expires_at = now.plus(INVITED_FOR);
        let entry = NewEntry {
            digest: &invitation,
            person: &person.id,
            kind: EntryKind::Invitation,
            expires_at: Some(expires_at),
        };
        household.insert_entry(&entry, now).await?;
        household.audit(&act.on(&person.id.to_string()).word("role", request.role.as_str()), now).await?;
        household.commit().await?;
        Ok(Invitation { person: person.id, email, role: request.role, secret, expires_at })
    }

    /// The way an invitation opens, and who is behind it.
    async fn open_invitation(&self, secret: &str) -> Result<Option<(Found, Person)>> {
        if secret.len() != 43 {
            return Ok(None);
        }
        let digest = self.people_digest(Of::Invitation(secret)).await?;
        let Some(found) = self.0.store.entry(&digest, EntryKind::Invitation).await? else { return Ok(None) };
        if found.expires_at.is_none_or(|end| end <= self.0.clock.now()) || !self.is_open(&found) {
            return Ok(None);
        }
        let person = found.house.read().await?.person(&found.person).await?;
        let invited = person.filter(|person| person.state == PersonState::Invited);
        Ok(invited.map(|person| (found, person)))
    }

    /// Whether people of that house may come in here and now.
    pub(crate) fn is_open(&self, found: &Found) -> bool {
        let is_served = found.house.tenant().is_none_or(|tenant| self.0.config.serves(tenant.region()));
        is_served && found.state.is_none_or(|state| state == TenantState::Active)
    }
}

/// As whom a person stands in the log of her house.
pub(crate) fn actor<'a>(house: &House, person: &'a Person) -> Actor<'a> {
    match house.tenant() {
        Some(_) => Actor::Key(person.id.as_str()),
        None => Actor::Operator(person.id.as_str()),
    }
}

fn check_password(password: &str, email: &str) -> Result<()> {
    let length = password.chars().count();
    if !(LEAST_PASSWORD..=MOST_PASSWORD).contains(&length) {
        return Err(Error::invalid("password", "must have 12 to 200 characters"));
    }
    let distinct: std::collections::HashSet<char> = password.chars().collect();
    let lower = password.to_lowercase();
    let own = email.split('@').next().unwrap_or_default();
    if distinct.len() < 6 || (own.len() > 3 && lower.starts_with(own)) {
        return Err(Error::invalid("password", "is too easily guessed; four random words do well"));
    }
    Ok(())
}

/// 50 random bits as `abcde-fghij`, in letters and digits that are not mistaken for each other.
fn recovery_code(bytes: [u8; 10]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let mut out = String::with_capacity(11);
    for (at, byte) in bytes.into_iter().enumerate() {
        if at == 5 {
            out.push('-');
        }
        out.push(char::from(LETTERS[usize::from(byte & 31)]));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_long_and_not_the_name_on_the_door() {
        for good in ["correct horse battery", "Über-lange-Straße", "aB3$aB3$aB3$xyz"] {
            assert!(check_password(good, "ada@a.test").is_ok(), "{good}");
        }
        for bad in ["", "short", "eleven char", "aaaaaaaaaaaaaaaa", "abababababababab", "charles-babbage"] {
            assert!(check_password(bad, "charles@a.test").is_err(), "{bad}");
        }
        assert!(check_password(&"correct horse".repeat(20), "ada@a.test").is_err());
    }

    #[test]
    fn a_recovery_code_is_read_as_it_is_typed() {
        let code = recovery_code([0, 1, 2, 3, 4, 31, 63, 255, 8, 9]);
        assert_eq!(code, "abcde-999jk");
        assert_eq!(super::super::record::typed(" ABCDE 999jk "), super::super::record::typed(&code));
    }
}

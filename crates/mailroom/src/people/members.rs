//! The people of a house, as its admins see and change them.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::PersonId;
use mailward_store::{Action, PersonState, Role};

use super::Member;
use crate::{Error, Mailroom, Result};

/// A person as her colleagues see her.
#[derive(Clone, Debug)]
pub struct PersonView {
    /// Her id.
    pub id: PersonId,
    /// What she is called; empty until she joined.
    pub name: String,
    /// Her address.
    pub email: String,
    /// What she may do.
    pub role: Role,
    /// How she stands.
    pub state: PersonState,
    /// When she was invited.
    pub created_at: Timestamp,
    /// When she was last there.
    pub seen_at: Option<Timestamp>,
    /// Recovery codes that she has left.
    pub recovery_left: usize,
}

/// What is to become of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonChange {
    /// Another role.
    Role(Role),
    /// She may sign in no more; her sessions end at once.
    Remove,
}

impl Mailroom {
    /// The people of the member's house.
    pub async fn people(&self, member: &Member) -> Result<Vec<PersonView>> {
        let people = member.house.read().await?.people().await?;
        let mut views = Vec::with_capacity(people.len());
        for person in people {
            let record = self.record(&member.house, &person).await?;
            views.push(PersonView {
                id: person.id,
                name: record.name,
                email: record.email,
                role: person.role,
                state: person.state,
                created_at: person.created_at,
                seen_at: person.seen_at,
                recovery_left: record.recovery.len(),
            });
        }
        Ok(views)
    }

    /// Changes a colleague. `false`: there is none of this id.
    ///
    /// # Errors
    /// [`Error::Scope`] for who is no admin; [`Error::Conflict`] where no admin would be left.
    pub async fn change_person(&self, member: &Member, id: &PersonId, change: PersonChange) -> Result<bool> {
        if member.role() < Role::Admin {
            return Err(Error::Scope("admin".into()));
        }
        let now = self.0.clock.now();
        let mut household = member.house.write().await?;
        let person = household.person(id).await?;
        let Some(mut person) = person.filter(|person| person.state != PersonState::Removed) else {
            return Ok(false);
        };
        let was_admin = person.role == Role::Admin && person.state == PersonState::Active;
        let action = match change {
            PersonChange::Role(role) => {
                person.role = role;
                Action::PersonChanged
            }
            PersonChange::Remove => {
                person.state = PersonState::Removed;
                Action::PersonRemoved
            }
        };
        let stays = person.role == Role::Admin && person.state == PersonState::Active;
        if was_admin && !stays && household.admins().await? <= 1 {
            return Err(Error::Conflict("somebody must be left who is an admin"));
        }
        if !household.save_person(&person).await? {
            return Err(Error::Conflict("somebody else changed this person just now"));
        }
        household.end_entries(id, change == PersonChange::Remove).await?;
        let act = member.act(action).on(id.as_str()).word("role", person.role.as_str());
        household.audit(&act, now).await?;
        household.commit().await?;
        Ok(true)
    }
}

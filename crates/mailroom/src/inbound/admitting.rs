//! Which of a mail's recipients take it at all, by from whom each takes mail.

use mailward_mail::calendar::Day;
use mailward_mail::parsed::Parsed;
use mailward_mail::refusal::Refusal;
use mailward_store::UseAct;

use super::{Route, author_digest, down};
use crate::outbound::returned_tag;
use crate::screening::receive::Word;
use crate::sender_auth::SenderAuth;
use crate::{Mailroom, Result};

impl Mailroom {
    /// Those who take a mail, each with whether it waits for a person because of its author. Whoever does not is left out and
    /// counts it: what stands between the others and the sender is none of its business.
    ///
    /// # Errors
    /// [`Refusal::NotWanted`], where nobody takes it.
    pub(super) async fn admitted(
        &self,
        routes: Vec<Route>,
        envelope: Option<&str>,
        parsed: Option<&Parsed>,
        auth: &SenderAuth,
    ) -> std::result::Result<Vec<Route>, Refusal> {
        let mut taken = Vec::with_capacity(routes.len());
        for mut route in routes {
            let policy = &route.policy.receive;
            let word = match policy.is_open() {
                true => Word::Take,
                false => policy.judge(envelope, parsed, auth),
            };
            let word = match word {
                Word::Take | Word::Block => word,
                word => self.unless_known(&route, word, parsed, auth).await.map_err(|error| down(&error))?,
            };
            // What says that a mail came back is no stranger's letter: it is looked at, and waits.
            let comes_back = returned_tag(&route.address).is_some();
            match word {
                Word::Refuse if !comes_back => self.turn_away(&route).await.map_err(|error| down(&error))?,
                Word::Block => self.turn_away(&route).await.map_err(|error| down(&error))?,
                word => {
                    route.waits = word != Word::Take;
                    taken.push(route);
                }
            }
        }
        if taken.is_empty() { Err(Refusal::NotWanted) } else { Ok(taken) }
    }

    /// The same word, unless the proven author is somebody whom the inbox wrote to, or whom a reviewer let through.
    async fn unless_known(
        &self,
        route: &Route,
        word: Word,
        parsed: Option<&Parsed>,
        auth: &SenderAuth,
    ) -> Result<Word> {
        use crate::sender_auth::AuthResult::Pass;
        let policy = &route.policy.receive;
        let otherwise = if word == Word::IfKnown { policy.others() } else { word };
        let Some(author) = parsed.and_then(Parsed::author).filter(|_| auth.dmarc == Pass) else {
            return Ok(otherwise);
        };
        let keys = self.0.keyring.tenant(&route.tenant).await?;
        let digest = author_digest(&keys, &author.address);
        let mut scope = route.tenant.read().await?;
        if scope.is_allowed(&route.inbox, &digest, self.0.clock.now()).await? {
            return Ok(Word::Take);
        }
        let is_known = word == Word::IfKnown && scope.strangers(&route.inbox, &[digest]).await?.is_empty();
        Ok(if is_known { Word::Take } else { otherwise })
    }

    async fn turn_away(&self, route: &Route) -> Result<()> {
        tracing::info!(tenant_id = %route.tenant.id(), inbox_id = %route.inbox, "mail turned away by its recipient's policy");
        let mut scope = route.tenant.write().await?;
        let day = Day::of(self.0.clock.now());
        scope.count_act(Some(&route.inbox), UseAct::TurnedAway, day, 1).await?;
        Ok(scope.commit().await?)
    }
}

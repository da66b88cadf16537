//! Carries mail to the hosts that its recipients' domains name in DNS: each tried in its order, with TLS where it is to be
//! had, several mails in one conversation.
//!
//! What a host says is a stranger's word: it is bounded, shown and believed of its own recipient alone. Who may be dialled
//! at all is decided by [`Exchangers`].

mod conversation;
mod idle;
mod pinned;
mod places;
mod promise;
mod reply;
mod tls;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mailward_mail::clock::Clock;
use mailward_mail::random::Random;
use mailward_net::dane::Vouched;
use mailward_net::exchangers::{Exchangers, NoExchanger};
use mailward_net::mta_sts::MtaSts;
use rustls_pki_types::CertificateDer;
use tokio::time::Instant;

use crate::sender::Carried;
use conversation::{Conversation, Patience, Refused};
use idle::Idle;
pub(crate) use places::{Entry, Place, Places};
use promise::{Kept, Promises};
use tls::{Need, Tls};

/// After this no further host is tried for a mail: the next try begins with the first one again.
const HOSTS: Duration = Duration::from_secs(150);

/// How mail is carried to those it is for.
#[derive(Clone)]
pub struct DirectSettings {
    /// Finds the hosts.
    pub exchangers: Exchangers,
    /// The name that is said in EHLO.
    pub hello: String,
    /// The port: 25 but for tests.
    pub port: u16,
    /// How long an answer may take.
    pub patience: Duration,
    /// Conversations with one destination at once.
    pub per_destination: usize,
    /// Nothing is said in clear, to nobody.
    pub require_tls: bool,
    /// Finds what domains promise of their hosts.
    pub mta_sts: MtaSts,
    /// Finds pinned certificates; none: nobody vouches for any.
    pub dane: Option<Vouched>,
    /// Certificate authorities beside the built-in ones.
    pub extra_roots: Vec<CertificateDer<'static>>,
}

/// See the module.
pub(crate) struct Direct {
    exchangers: Exchangers,
    hello: String,
    port: u16,
    patience: Patience,
    promises: Promises,
    tls: Tls,
    places: Arc<Places>,
    idle: Idle,
    clock: Clock,
    random: Random,
}

impl Direct {
    /// The longest that one mail may take.
    pub(crate) const LONGEST: Duration = Duration::from_secs(640);

    pub(crate) fn new(settings: DirectSettings, clock: Clock, random: Random) -> Result<Self, String> {
        let DirectSettings { exchangers, hello, port, patience, per_destination, .. } = settings;
        let DirectSettings { require_tls, mta_sts, dane, extra_roots, .. } = settings;
        let tls = Tls::new(&extra_roots).map_err(|error| format!("cannot prepare TLS: {error}"))?;
        let patience = Patience {
            connect: patience.min(Duration::from_secs(15)),
            command: patience,
            commands: HOSTS.min(patience * 4),
            message: (patience * 4).min(Duration::from_secs(240)),
        };
        let places = Places::new(per_destination);
        Ok(Self {
            exchangers,
            hello,
            port,
            patience,
            promises: Promises { require_tls, mta_sts, dane, port },
            tls,
            places,
            idle: Idle::default(),
            clock,
            random,
        })
    }

    /// The places with each destination.
    pub(crate) fn places(&self) -> &Arc<Places> {
        &self.places
    }

    /// Carries one mail to one recipient; what became of it and what was said.
    pub(crate) async fn carry(&self, from: &str, to: &str, raw: &[u8]) -> (Carried, String) {
        let domain = to.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
        let promise = self.promises.of(&domain).await;
        if let Some(said) = self.say_on(&domain, &promise, from, to, raw).await {
            return said;
        }
        let hosts = match self.exchangers.of(&domain, || u64::from_be_bytes(self.random.bytes())).await {
            Ok(hosts) => hosts,
            Err(error) => return (passing(&error), error.to_string()),
        };
        let begun = Instant::now();
        let mut last = String::new();
        for host in &hosts {
            let need = match promise.of_host(&host.host).await {
                Ok(need) => need,
                Err(why) => {
                    last = why;
                    continue;
                }
            };
            for address in &host.addresses {
                if begun.elapsed() > HOSTS {
                    break;
                }
                let (host, address) = (host.host.as_str(), SocketAddr::new(*address, self.port));
                let (mut talk, kept) = match self.open(address, host, &need).await {
                    Ok(talk) => talk,
                    Err(why) => {
                        last = why;
                        continue;
                    }
                };
                let said = talk.mail(from, to, raw).await;
                match self.judge(&domain, host, kept, talk, said).await {
                    Ok(said) => return said,
                    Err(why) => last = why,
                }
            }
        }
        self.places.failed(&domain, self.clock.now());
        (Carried::Later, last)
    }

    /// Says one more mail in a conversation that was left open; `None`: there is none, or it is over.
    async fn say_on(
        &self,
        domain: &str,
        promise: &Kept,
        from: &str,
        to: &str,
        raw: &[u8],
    ) -> Option<(Carried, String)> {
        while let Some((host, need, mut talk)) = self.idle.take(domain) {
            if !promise.is_met_by(&host, &need) || !talk.reset().await {
                continue;
            }
            let said = talk.mail(from, to, raw).await;
            if let Ok(said) = self.judge(domain, &host, need, talk, said).await {
                return Some(said);
            }
        }
        None
    }

    /// What a host's word means. `Err`: it is none of this mail's, and another host may be asked.
    async fn judge(
        &self,
        domain: &str,
        host: &str,
        need: Need,
        talk: Conversation,
        said: Result<reply::Reply, Refused>,
    ) -> Result<(Carried, String), String> {
        let how = match need {
            _ if !talk.is_encrypted() => "in clear",
            Need::Any | Need::Tls => "TLS",
            Need::Verified => "TLS, certificate verified",
            Need::Pinned(_) => "TLS, certificate pinned by DNSSEC",
        };
        let by = |text: String| format!("{text} ({host}, {how})");
        let (carried, text) = match said {
            Ok(reply) => (Carried::Delivered, by(reply.text())),
            Err(Refused::Never(text)) => (Carried::Never, by(text)),
            Err(Refused::Now(text)) => (Carried::Later, by(text)),
            Err(Refused::Unknown(text)) => {
                // Not another host: that might make two of one.
                return Ok((Carried::Later, by(text)));
            }
            Err(Refused::Host(text) | Refused::Tls(text)) => return Err(by(text)),
        };
        self.places.answered(domain);
        self.idle.keep(domain, host, need, talk);
        Ok((carried, text))
    }

    /// A conversation with a host, and how well it is protected: less well where that failed and nobody asked for it
    /// (RFC 7435 3).
    async fn open(
        &self,
        address: SocketAddr,
        host: &str,
        wanted: &promise::Wanted,
    ) -> Result<(Conversation, Need), String> {
        if wanted.is_tested {
            match Conversation::open(
                address,
                host,
                &self.hello,
                &Need::Verified,
                Some(&self.tls),
                self.patience,
            )
            .await
            {
                Ok(talk) => return Ok((talk, Need::Verified)),
                Err(Refused::Tls(why)) => {
                    tracing::warn!(host, why, "it breaks a promise that its domain only tests")
                }
                Err(other) => return Err(text(other)),
            }
        }
        let open = |tls| Conversation::open(address, host, &self.hello, &wanted.need, tls, self.patience);
        let talk = match open(Some(&self.tls)).await {
            Err(Refused::Tls(why)) if wanted.need == Need::Any => {
                tracing::info!(host, why, "TLS failed; the mail goes without");
                open(None).await
            }
            other => other,
        };
        talk.map(|talk| (talk, wanted.need.clone())).map_err(|refused| wanted.explain(text(refused)))
    }
}

fn passing(error: &NoExchanger) -> Carried {
    if error.is_passing() { Carried::Later } else { Carried::Never }
}

fn text(refused: Refused) -> String {
    match refused {
        Refused::Host(text)
        | Refused::Now(text)
        | Refused::Never(text)
        | Refused::Unknown(text)
        | Refused::Tls(text) => text,
    }
}

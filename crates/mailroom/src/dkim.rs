//! Signatures of outgoing mail (RFC 6376): which keys sign for a domain, and what is published of them.
//!
//! Each domain has two keys at a time, one of Ed25519 (RFC 8463) and one of RSA for those who know no other. A tenant's are
//! sealed with the tenant's key; those of the service's own domains follow from a key in the key store and are nowhere
//! written down. Keys change by number: the selector names it, so that old signatures find the old key.

mod rsa;
mod sign;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mailward_store::{Domain, Tenant};
use ring::signature::{Ed25519KeyPair, KeyPair, RsaKeyPair};
use zeroize::Zeroizing;

use crate::{Error, Mailroom, Result};
use sign::Key;

/// The name of the service's key from which its domains' keys follow.
const SERVICE: &str = "dkim";

/// A domain's keys of one number.
pub(crate) struct DomainKeys {
    pub(crate) domain: String,
    keys: Vec<(String, Key)>,
}

/// A key as it is published (RFC 6376 3.6.1).
pub(crate) struct Published {
    /// What stands before `._domainkey`.
    pub(crate) selector: String,
    /// The algorithm, as the record names it.
    pub(crate) kind: &'static str,
    /// The value of `p=`.
    pub(crate) key: String,
}

/// The keys of the service's own domains, once made.
#[derive(Default)]
pub(crate) struct OwnKeys(Mutex<HashMap<(String, u32), Arc<DomainKeys>>>);

/// A sealed pair of a tenant's keys.
pub(crate) struct SealedKeys<'a> {
    pub(crate) no: i64,
    pub(crate) seed: &'a [u8],
    pub(crate) rsa: Option<&'a [u8]>,
}

impl DomainKeys {
    /// What others have to find in DNS.
    pub(crate) fn published(&self) -> Vec<Published> {
        let shown = |(selector, key): &(String, Key)| {
            let (kind, key) = match key {
                Key::Ed25519(pair) => ("ed25519", STANDARD.encode(pair.public_key().as_ref())),
                Key::Rsa(pair) => ("rsa", STANDARD.encode(rsa::public_info(pair.public_key().as_ref()))),
            };
            Published { selector: selector.clone(), kind, key }
        };
        self.keys.iter().map(shown).collect()
    }

    fn new(domain: &str, no: i64, seed: &[u8], rsa: Option<&[u8]>) -> Result<Self> {
        let bad = || Error::Damaged("the signing key of a domain is none");
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| bad())?;
        let mut keys = vec![(selector(no, ""), Key::Ed25519(Box::new(pair)))];
        if let Some(rsa) = rsa {
            let pair = RsaKeyPair::from_der(rsa).map_err(|_| bad())?;
            keys.push((selector(no, "-rsa"), Key::Rsa(Box::new(pair))));
        }
        Ok(Self { domain: domain.to_owned(), keys })
    }
}

impl Mailroom {
    /// A message with the signatures of its author's domain before it.
    pub(crate) async fn signed(&self, keys: Arc<DomainKeys>, raw: Vec<u8>) -> Result<Vec<u8>> {
        let now = self.0.clock.now();
        let signed = tokio::task::spawn_blocking(move || {
            let mut signed = sign::sign(&raw, &keys.domain, &keys.keys, now)?;
            signed.extend_from_slice(&raw);
            Ok(signed)
        });
        signed.await.map_err(|_| Error::Damaged("a message could not be signed"))?
    }

    /// The keys of one of the service's own domains.
    pub(crate) async fn own_signing_keys(&self, domain: &str) -> Result<Arc<DomainKeys>> {
        let no = self.0.config.dkim_key;
        let place = (domain.to_owned(), no);
        let known = |all: &Mutex<HashMap<_, Arc<DomainKeys>>>| {
            all.lock().unwrap_or_else(PoisonError::into_inner).get(&place).cloned()
        };
        if let Some(keys) = known(&self.0.own_signing.0) {
            return Ok(keys);
        }
        let service = self.0.keyring.service(SERVICE).await?;
        let seed = Zeroizing::new(service.hmac(&[b"domain", domain.as_bytes(), &no.to_be_bytes()]));
        let rsa = new_rsa(&seed).await?;
        let keys = Arc::new(DomainKeys::new(domain, i64::from(no), &seed[..], Some(&rsa))?);
        let mut all = self.0.own_signing.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(all.entry(place.clone()).or_insert(keys)))
    }

    /// The keys of a domain that a tenant brought.
    pub(crate) async fn domain_keys(
        &self,
        tenant: &Tenant,
        domain: &Domain,
        sealed: SealedKeys<'_>,
    ) -> Result<DomainKeys> {
        let keys = self.0.keyring.tenant(tenant).await?;
        let open = |what: &[u8]| {
            let place = [tenant.id().as_str().as_bytes(), domain.id.as_str().as_bytes()];
            let opened = keys.dkim.open(&place, what);
            opened.map(Zeroizing::new).map_err(|error| Error::unreadable(domain.id.as_str(), error))
        };
        let (seed, rsa) = (open(sealed.seed)?, sealed.rsa.map(open).transpose()?);
        DomainKeys::new(&domain.name, sealed.no, &seed, rsa.as_ref().map(|der| &der[..]))
    }

    /// A fresh pair for a tenant's domain, sealed: the seed of the one, the other as a whole.
    pub(crate) async fn new_domain_keys(&self, tenant: &Tenant, id: &str) -> Result<(Vec<u8>, Vec<u8>)> {
        let seed = Zeroizing::new(self.0.random.bytes::<32>());
        let rsa = new_rsa(&Zeroizing::new(self.0.random.bytes::<32>())).await?;
        let keys = self.0.keyring.tenant(tenant).await?;
        let place = [tenant.id().as_str().as_bytes(), id.as_bytes()];
        Ok((keys.dkim.seal(&place, &seed[..], &self.0.random), keys.dkim.seal(&place, &rsa, &self.0.random)))
    }

    /// The keys that sign for a domain; `None`: it is neither the service's nor held by the tenant.
    pub(crate) async fn signing_keys(
        &self,
        tenant: &Tenant,
        domain: &str,
    ) -> Result<Option<Arc<DomainKeys>>> {
        if self.0.config.domains.iter().any(|own| own.eq_ignore_ascii_case(domain)) {
            return Ok(Some(self.own_signing_keys(&domain.to_ascii_lowercase()).await?));
        }
        let found = tenant.read().await?.domain_by_name(domain).await?;
        // Only who holds a name speaks for it.
        let Some(found) = found.filter(|domain| domain.held_since.is_some()) else { return Ok(None) };
        let sealed =
            SealedKeys { no: found.key_no, seed: &found.signing_key, rsa: found.signing_rsa.as_deref() };
        Ok(Some(Arc::new(self.domain_keys(tenant, &found, sealed).await?)))
    }
}

/// Takes a fraction of a second of one core, so not where others wait.
async fn new_rsa(seed: &[u8; 32]) -> Result<Zeroizing<Vec<u8>>> {
    let seed = Zeroizing::new(*seed);
    let made = tokio::task::spawn_blocking(move || rsa::generate(&seed));
    made.await.map_err(|_| Error::Damaged("a key could not be made"))
}

/// The selector of a key (RFC 6376 3.1): its number, but for the first.
fn selector(no: i64, kind: &str) -> String {
    if no <= 1 { format!("mailward{kind}") } else { format!("mailward{no}{kind}") }
}

//! SPF for one envelope sender (RFC 7208), with the two rules that `mail-auth` leaves out: several records are an
//! error (4.5), and so are more than two void lookups (4.6.4).

use std::borrow::Borrow;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use mail_auth::common::to_a_label;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{MessageAuthenticator, Parameters, ResolverCache, SpfResult};
use mailward_net::dns::{Dns, DnsError};

use super::AuthResult;

/// RFC 7208 4.6.4: more questions without an answer than this, and the record is refused.
const MAX_VOID: usize = 2;

/// Who says it sends, from where.
pub(super) struct Sender<'a> {
    /// The reverse-path, or nothing for the null sender.
    mail_from: Option<&'a str>,
    domain: String,
    helo: &'a str,
    client: IpAddr,
}

impl<'a> Sender<'a> {
    /// RFC 7208 2.4: a null sender is `postmaster@` the name given in HELO.
    pub(super) fn new(envelope_from: Option<&'a str>, helo: &'a str, client: IpAddr) -> Self {
        let mail_from = envelope_from.filter(|address| !address.is_empty());
        let domain =
            mail_from.and_then(|address| address.rsplit_once('@')).map_or(helo, |(_, domain)| domain);
        Self { mail_from, domain: to_a_label(domain).into_owned(), helo, client: client.to_canonical() }
    }

    /// The domain that answers for the sender.
    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    /// Asks whether the client may send for the domain.
    pub(super) async fn verify(&self, dns: &Dns, resolver: &MessageAuthenticator) -> AuthResult {
        match dns.txt(&self.domain).await {
            Ok(texts) => match texts.iter().filter(|text| is_spf(text)).count() {
                0 => return AuthResult::None,
                1 => {}
                _ => return AuthResult::PermError,
            },
            Err(DnsError::Temporary) => return AuthResult::TempError,
            Err(DnsError::NoSuchName | DnsError::Off) => return AuthResult::None,
        }
        let (txt, mx, ptr, ipv4, ipv6) = <(Ledger, Ledger, Ledger, Ledger, Ledger)>::default();
        let params = match self.mail_from {
            Some(address) => SpfParameters::new(self.client, &self.domain, self.helo, RECEIVER, address),
            None => SpfParameters::verify_ehlo(self.client, &self.domain, RECEIVER),
        };
        let params = Parameters {
            params,
            cache_txt: Some(&txt),
            cache_mx: Some(&mx),
            cache_ptr: Some(&ptr),
            cache_ipv4: Some(&ipv4),
            cache_ipv6: Some(&ipv6),
        };
        let result = match resolver.check_host(params).await.result() {
            SpfResult::Pass => AuthResult::Pass,
            SpfResult::Fail => AuthResult::Fail,
            SpfResult::SoftFail => AuthResult::SoftFail,
            SpfResult::Neutral => AuthResult::Neutral,
            SpfResult::TempError => return AuthResult::TempError,
            // There is a record, as was seen above: it could not be read.
            SpfResult::PermError | SpfResult::None => return AuthResult::PermError,
        };
        // `a` and `mx` ask for the client's family alone; only `exists` asks for both, and never says what came.
        let (own, exists) = if self.client.is_ipv4() { (&ipv4, &ipv6) } else { (&ipv6, &ipv4) };
        let void = (txt.void() + mx.void() + ptr.void() + own.void()).saturating_sub(exists.void());
        if void > MAX_VOID { AuthResult::PermError } else { result }
    }
}

/// RFC 7208 7.3: what the macro `r` says where the receiver does not name itself.
const RECEIVER: &str = "unknown";

fn is_spf(text: &str) -> bool {
    let (version, rest) = text.split_at_checked(6).unwrap_or(("", ""));
    version.eq_ignore_ascii_case("v=spf1") && (rest.is_empty() || rest.starts_with(' '))
}

/// Keeps nothing and counts: questions asked, and those that found something.
#[derive(Default)]
struct Ledger {
    asked: AtomicUsize,
    found: AtomicUsize,
}

impl Ledger {
    fn void(&self) -> usize {
        self.asked.load(Ordering::Relaxed).saturating_sub(self.found.load(Ordering::Relaxed))
    }
}

impl<K: Hash + Eq, V> ResolverCache<K, V> for Ledger {
    fn get<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.asked.fetch_add(1, Ordering::Relaxed);
        None
    }

    fn remove<Q: Hash + Eq + ?Sized>(&self, _: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        None
    }

    fn insert(&self, _: K, _: V, _: Instant) {
        self.found.fetch_add(1, Ordering::Relaxed);
    }
}

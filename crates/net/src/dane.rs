//! Which certificates a domain's hosts have, where DNSSEC vouches for it (DANE for SMTP, RFC 7672): asked of a resolver that
//! validates, on this machine.
//!
//! The resolver says by the AD bit (RFC 6840 5.7) that an answer was validated. Nothing protects that bit on a network, so
//! [`Vouched::new`] takes loopback addresses alone. Signatures are not checked here, and certificates are somebody else's.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::proto::op::{Edns, Message, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::tlsa::{CertUsage, Matching, Selector};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

use crate::dns::DnsError;

/// How long one question may take: a resolver that validates asks many others.
const BOUND: Duration = Duration::from_secs(8);
/// Bytes of an answer over UDP.
const MOST_UDP: u16 = 1_232;
/// Records of one host.
const MOST_PINS: usize = 20;

/// A certificate, or the authority of one, as a domain published it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pin {
    /// What is pinned.
    pub of: Pinned,
    /// Of the certificate its public key alone (`SubjectPublicKeyInfo`), or all of it.
    pub key_only: bool,
    /// What of that is in `data`.
    pub digest: Digest,
    /// The bytes, or their digest.
    pub data: Vec<u8>,
}

/// What a pin speaks of (RFC 7672 3.1; the other usages of RFC 6698 mean nothing for mail).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Pinned {
    /// DANE-TA(2): an authority in the chain.
    Authority,
    /// DANE-EE(3): the host's own certificate.
    Own,
}

/// How a pin holds what it pins (RFC 6698 2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Digest {
    /// As it is.
    Whole,
    /// Its SHA-256.
    Sha256,
    /// Its SHA-512.
    Sha512,
}

/// What is known of a host's certificates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pins {
    /// Nothing that DNSSEC vouches for.
    None,
    /// One of these. Empty: there are records and none that can be used, so TLS is wanted, with any certificate (RFC 7672
    /// 2.2).
    Any(Vec<Pin>),
    /// There was no answer, or one that was forged: nothing may be said to the host (RFC 7672 2.1).
    Unknown,
}

/// Asks a validating resolver. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Vouched {
    resolver: SocketAddr,
}

/// An answer, and whether it was validated.
struct Answer {
    vouched: bool,
    data: Vec<RData>,
}

impl Vouched {
    /// Asks the resolver at an address of this machine; `None` for any other.
    pub fn new(resolver: SocketAddr) -> Option<Self> {
        let resolver = SocketAddr::new(resolver.ip().to_canonical(), resolver.port());
        resolver.ip().is_loopback().then_some(Self { resolver })
    }

    /// Whether DNSSEC vouches for the hosts that take a domain's mail, or for there being none but itself.
    ///
    /// # Errors
    /// [`DnsError::Temporary`]: no answer, or a forged one.
    pub async fn vouches_for(&self, domain: &str) -> Result<bool, DnsError> {
        Ok(self.ask(domain, RecordType::MX).await?.vouched)
    }

    /// What is pinned of a host of a domain that is vouched for.
    pub async fn pins(&self, host: &str, port: u16) -> Pins {
        // RFC 7672 2.2.2: where the host's addresses are not signed its pins are not either, and some servers answer
        // nothing when they are asked for them.
        for kind in [RecordType::A, RecordType::AAAA] {
            match self.ask(host, kind).await {
                Err(_) => return Pins::Unknown,
                Ok(answer) if !answer.vouched => return Pins::None,
                Ok(answer) if !answer.data.is_empty() => break,
                Ok(_) => {}
            }
        }
        let Ok(answer) = self.ask(&format!("_{port}._tcp.{host}"), RecordType::TLSA).await else {
            return Pins::Unknown;
        };
        if !answer.vouched || answer.data.is_empty() {
            return Pins::None;
        }
        Pins::Any(answer.data.into_iter().filter_map(pin).take(MOST_PINS).collect())
    }

    async fn ask(&self, name: &str, kind: RecordType) -> Result<Answer, DnsError> {
        let asked = tokio::time::timeout(BOUND, self.ask_now(name, kind)).await;
        let message = asked.ok().flatten().ok_or(DnsError::Temporary)?;
        match message.metadata.response_code {
            ResponseCode::NoError | ResponseCode::NXDomain => {}
            // A validating resolver answers SERVFAIL to what was forged (RFC 4035 5.5).
            _ => return Err(DnsError::Temporary),
        }
        let data = message.answers.into_iter().filter(|record| record.record_type() == kind);
        Ok(Answer {
            vouched: message.metadata.authentic_data,
            data: data.map(|record| record.data).collect(),
        })
    }

    async fn ask_now(&self, name: &str, kind: RecordType) -> Option<Message> {
        let mut name = Name::from_ascii(name).ok()?;
        name.set_fqdn(true);
        let mut message = Message::query();
        message.metadata.recursion_desired = true;
        // RFC 6840 5.7: whoever sets it understands it in the answer.
        message.metadata.authentic_data = true;
        message.add_query(Query::query(name, kind));
        let mut edns = Edns::new();
        edns.set_max_payload(MOST_UDP);
        message.set_edns(edns);
        let asked = message.to_vec().ok()?;
        let heard = self.by_udp(&asked, &message).await?;
        if !heard.metadata.truncation {
            return Some(heard);
        }
        let mut stream = TcpStream::connect(self.resolver).await.ok()?;
        stream.write_u16(u16::try_from(asked.len()).ok()?).await.ok()?;
        stream.write_all(&asked).await.ok()?;
        let mut bytes = vec![0; usize::from(stream.read_u16().await.ok()?)];
        stream.read_exact(&mut bytes).await.ok()?;
        answers(&bytes, &message)
    }

    async fn by_udp(&self, asked: &[u8], message: &Message) -> Option<Message> {
        let here = if self.resolver.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        let socket = UdpSocket::bind(here).await.ok()?;
        socket.connect(self.resolver).await.ok()?;
        socket.send(asked).await.ok()?;
        let mut packet = [0; MOST_UDP as usize];
        loop {
            let length = socket.recv(&mut packet).await.ok()?;
            if let Some(heard) = answers(&packet[..length], message) {
                return Some(heard);
            }
        }
    }
}

/// What was heard, if it is an answer to what was asked.
fn answers(bytes: &[u8], asked: &Message) -> Option<Message> {
    let heard = Message::from_vec(bytes).ok()?;
    (heard.metadata.id == asked.metadata.id && heard.queries == asked.queries).then_some(heard)
}

/// A record that can be used for mail.
fn pin(data: RData) -> Option<Pin> {
    let RData::TLSA(record) = data else { return None };
    let of = match record.cert_usage {
        CertUsage::DaneTa => Pinned::Authority,
        CertUsage::DaneEe => Pinned::Own,
        _ => return None,
    };
    let key_only = match record.selector {
        Selector::Full => false,
        Selector::Spki => true,
        _ => return None,
    };
    let (digest, length) = match record.matching {
        Matching::Raw => (Digest::Whole, None),
        Matching::Sha256 => (Digest::Sha256, Some(32)),
        Matching::Sha512 => (Digest::Sha512, Some(64)),
        _ => return None,
    };
    let fits = length.is_none_or(|length| record.cert_data.len() == length) && !record.cert_data.is_empty();
    fits.then_some(Pin { of, key_only, digest, data: record.cert_data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_resolver_on_this_machine_is_believed() {
        for (address, believed) in [
            ("127.0.0.1:53", true),
            ("[::1]:53", true),
            ("[::ffff:127.0.0.1]:53", true),
            ("192.0.2.1:53", false),
        ] {
            assert_eq!(Vouched::new(address.parse().expect("an address")).is_some(), believed, "{address}");
        }
    }
}

//! Checks a host's certificate against what its domain published of it (RFC 7672 3): its own, whatever else it says, or that
//! of an authority in its chain, and then by name and date.

use std::sync::Arc;

use mailward_net::dane::{Digest as How, Pin, Pinned as What};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256, Sha512};

/// See the module.
#[derive(Debug)]
pub(super) struct Pinned {
    pins: Arc<[Pin]>,
    provider: Arc<CryptoProvider>,
}

impl Pinned {
    pub(super) fn new(pins: Arc<[Pin]>, provider: Arc<CryptoProvider>) -> Self {
        Self { pins, provider }
    }

    /// Whether one of the pins of a kind speaks of this certificate.
    fn has(&self, of: What, certificate: &CertificateDer<'_>) -> bool {
        let key = ParsedCertificate::try_from(certificate).map(|parsed| parsed.subject_public_key_info());
        self.pins.iter().filter(|pin| pin.of == of).any(|pin| {
            let whole: &[u8] = match (pin.key_only, &key) {
                (false, _) => certificate,
                (true, Ok(key)) => key,
                (true, Err(_)) => return false,
            };
            match pin.digest {
                How::Whole => pin.data == whole,
                How::Sha256 => pin.data[..] == Sha256::digest(whole)[..],
                How::Sha512 => pin.data[..] == Sha512::digest(whole)[..],
            }
        })
    }
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // RFC 7672 3.1.1: neither its name nor its dates count; the record has both.
        if self.has(What::Own, end_entity) {
            return Ok(ServerCertVerified::assertion());
        }
        let mut why = Error::InvalidCertificate(CertificateError::UnknownIssuer);
        // RFC 7672 3.1.2: the authority is in the chain that the host shows.
        for authority in intermediates.iter().filter(|one| self.has(What::Authority, one)) {
            let mut roots = RootCertStore::empty();
            roots.add(authority.clone().into_owned())?;
            let verifier =
                WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider));
            let Ok(verifier) = verifier.build() else { continue };
            match verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
                Ok(verified) => return Ok(verified),
                Err(error) => why = error,
            }
        }
        Err(why)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

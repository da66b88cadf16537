//! TLS with a host that takes mail: with whoever answers where nobody promised anything (RFC 7435), with the named host
//! alone where its domain promised that (RFC 8461), with the published certificate where DNSSEC vouches for one (RFC 7672).

use std::sync::Arc;

use mailward_net::dane::Pin;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::pinned::Pinned;

/// How well a conversation has to be protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// As well as the server can.
    Any,
    /// By TLS, whoever answers.
    Tls,
    /// By TLS with a certificate for the host's name.
    Verified,
    /// By TLS with one of these certificates, or one of these authorities.
    Pinned(Arc<[Pin]>),
}

/// The ways to speak TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    anybody: Arc<ClientConfig>,
    verified: Arc<ClientConfig>,
    provider: Arc<CryptoProvider>,
}

impl Tls {
    /// With the built-in roots and `extra_roots`.
    pub(crate) fn new(extra_roots: &[CertificateDer<'static>]) -> Result<Self, Error> {
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        for root in extra_roots {
            roots.add(root.clone())?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = || {
            ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()
        };
        let verified = builder()?.with_root_certificates(roots).with_no_client_auth();
        let anybody = builder()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody(Arc::clone(&provider))))
            .with_no_client_auth();
        Ok(Self { anybody: Arc::new(anybody), verified: Arc::new(verified), provider })
    }

    pub(crate) fn config(&self, need: &Need) -> Result<Arc<ClientConfig>, Error> {
        Ok(match need {
            Need::Any | Need::Tls => Arc::clone(&self.anybody),
            Need::Verified => Arc::clone(&self.verified),
            Need::Pinned(pins) => {
                let verifier = Pinned::new(Arc::clone(pins), Arc::clone(&self.provider));
                let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
                    .with_safe_default_protocol_versions()?
                    .dangerous()
                    .with_custom_certificate_verifier(Arc::new(verifier))
                    .with_no_client_auth();
                Arc::new(config)
            }
        })
    }
}

/// Takes every certificate. What is gained is secrecy before who only listens; without it the mail would go in clear.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

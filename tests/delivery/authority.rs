//! Certificates of the world outside: of an authority of the test's own, and of nobody's.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// An authority.
pub struct Authority(CertifiedIssuer<'static, KeyPair>);

/// What a host shows: its certificate, then those above it.
pub struct Identity {
    pub chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// `SubjectPublicKeyInfo`.
    pub public_key: Vec<u8>,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(rcgen::DnType::CommonName, "authority of a test");
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(params, key).expect("a certificate"))
    }

    /// A file for `outbound.tls_roots`; it is there as long as the value.
    pub fn file(&self) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(file.path(), self.0.pem()).expect("written");
        file
    }

    pub fn certificate(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    /// A certificate for a name, shown with the authority's.
    pub fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let made = params.signed_by(&key, &self.0).expect("a certificate");
        Identity::of(vec![made.der().clone(), self.0.der().clone()], &key)
    }
}

impl Identity {
    /// A certificate that nobody vouches for.
    pub fn own(name: &str) -> Self {
        let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).expect("a certificate");
        Self::of(vec![made.cert.der().clone()], &made.signing_key)
    }

    fn of(chain: Vec<CertificateDer<'static>>, key: &KeyPair) -> Self {
        let der = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
        Self { chain, key: der, public_key: rcgen::PublicKeyData::subject_public_key_info(key) }
    }

    pub fn acceptor(self) -> TlsAcceptor {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(self.chain, self.key))
            .expect("a configuration");
        TlsAcceptor::from(Arc::new(tls))
    }
}

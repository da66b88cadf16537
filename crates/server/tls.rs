//! Certificates and keys from PEM files, for whoever listens.

use std::path::Path;
use std::sync::Arc;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::StartError;

/// Loads a certificate chain and its key.
///
/// # Errors
/// Names the file and what is wrong with it.
pub(crate) fn load(
    (cert, private): (&Path, &Path),
    alpn: &[&[u8]],
) -> Result<Arc<rustls::ServerConfig>, StartError> {
    let bad = |path: &Path, error: &dyn std::fmt::Display| {
        StartError::refused(format!("cannot use {}: {error}", path.display()))
    };
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(cert).and_then(Iterator::collect).map_err(|error| bad(cert, &error))?;
    if chain.is_empty() {
        return Err(bad(cert, &"there is no certificate in it"));
    }
    let key = PrivateKeyDer::from_pem_file(private).map_err(|error| bad(private, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| bad(cert, &error))?;
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

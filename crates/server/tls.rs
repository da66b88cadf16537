//! Certificates and keys from PEM files.

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
    let chain = certificates(cert)?;
    let key = PrivateKeyDer::from_pem_file(private).map_err(|error| bad(private, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|error| bad(cert, &error))?;
    config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
    Ok(Arc::new(config))
}

/// Loads the certificates of a file, of which there is at least one.
///
/// # Errors
/// Names the file and what is wrong with it.
pub(crate) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, StartError> {
    let found: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect).map_err(|error| bad(path, &error))?;
    if found.is_empty() {
        return Err(bad(path, &"there is no certificate in it"));
    }
    Ok(found)
}

fn bad(path: &Path, error: &dyn std::fmt::Display) -> StartError {
    StartError::refused(format!("cannot use {}: {error}", path.display()))
}

//! Certificates and keys from PEM files, read again when the files change: what [`crate::acme`], or an ACME client beside the
//! service, renews is used from the next connection on, without a signal or a new start.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::StartError;

/// A chain and its key, as the files last had them.
#[derive(Debug)]
struct Renewed {
    cert: PathBuf,
    private: PathBuf,
    held: RwLock<Held>,
}

#[derive(Debug)]
struct Held {
    seen: Seen,
    key: Arc<CertifiedKey>,
}

/// What tells one state of the two files from another: inode, moment and size of each; nothing while one is not there.
type Seen = Option<[(u64, i64, i64, u64); 2]>;

/// Loads a certificate chain and its key.
///
/// # Errors
/// Names the file and what is wrong with it.
pub(crate) fn load(
    (cert, private): (&Path, &Path),
    alpn: &[&[u8]],
) -> Result<Arc<rustls::ServerConfig>, StartError> {
    let seen = seen(cert, private);
    let held = RwLock::new(Held { seen, key: read(cert, private)? });
    let renewed = Renewed { cert: cert.to_owned(), private: private.to_owned(), held };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| bad(cert, &error))?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(renewed));
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

impl ResolvesServerCert for Renewed {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // Two looks at a directory for each handshake, which costs a thousand times as much.
        let now = seen(&self.cert, &self.private);
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        if now.is_none() || held.seen == now {
            return Some(Arc::clone(&held.key));
        }
        drop(held);
        let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
        if held.seen != now {
            match read(&self.cert, &self.private) {
                Ok(key) => {
                    held.key = key;
                    tracing::info!(path = %self.cert.display(), "a new certificate is used from now on");
                }
                // Perhaps only one of the two was written yet: then they change again.
                Err(error) => tracing::warn!(%error, "the certificate stays as it was"),
            }
            held.seen = now;
        }
        Some(Arc::clone(&held.key))
    }
}

fn read(cert: &Path, private: &Path) -> Result<Arc<CertifiedKey>, StartError> {
    let chain = certificates(cert)?;
    let key = PrivateKeyDer::from_pem_file(private).map_err(|error| bad(private, &error))?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map(Arc::new).map_err(|error| bad(cert, &error))
}

fn seen(cert: &Path, private: &Path) -> Seen {
    // Links are followed: renewing clients and volumes of secrets exchange what they lead to.
    let look =
        |path: &Path| fs::metadata(path).ok().map(|it| (it.ino(), it.mtime(), it.mtime_nsec(), it.size()));
    Some([look(cert)?, look(private)?])
}

fn bad(path: &Path, error: &dyn std::fmt::Display) -> StartError {
    StartError::refused(format!("cannot use {}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

    use super::*;

    struct Made {
        cert: String,
        private: String,
        der: CertificateDer<'static>,
    }

    fn made() -> Made {
        let made = rcgen::generate_simple_self_signed(["mail.test".to_owned()]).expect("a certificate");
        Made {
            cert: made.cert.pem(),
            private: made.signing_key.serialize_pem(),
            der: made.cert.der().clone(),
        }
    }

    /// Whether a client that trusts one certificate and no other gets through.
    fn trusts(server: &Arc<ServerConfig>, only: &Made) -> bool {
        let mut roots = RootCertStore::empty();
        roots.add(only.der.clone()).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let client = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = "mail.test".try_into().expect("a name");
        let mut client = ClientConnection::new(Arc::new(client), name).expect("a client");
        let mut server = ServerConnection::new(Arc::clone(server)).expect("a server");
        while client.is_handshaking() {
            let mut bytes = Vec::new();
            client.write_tls(&mut bytes).expect("written");
            server.read_tls(&mut &bytes[..]).expect("read");
            if server.process_new_packets().is_err() {
                return false;
            }
            bytes.clear();
            server.write_tls(&mut bytes).expect("written");
            client.read_tls(&mut &bytes[..]).expect("read");
            if client.process_new_packets().is_err() {
                return false;
            }
        }
        true
    }

    #[test]
    fn a_renewed_certificate_is_used_from_the_next_handshake_on_and_half_of_one_never() {
        let directory = tempfile::tempdir().expect("a directory");
        let (cert, private) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
        let put = |path: &Path, text: &str| {
            // As renewing clients do it: another file under the same name.
            let draft = directory.path().join("draft");
            fs::write(&draft, text).expect("written");
            fs::rename(&draft, path).expect("renamed");
        };
        let (first, second) = (made(), made());
        put(&cert, &first.cert);
        put(&private, &first.private);
        let server = load((&cert, &private), &[]).expect("a pair");
        assert!(trusts(&server, &first) && !trusts(&server, &second));
        put(&cert, &second.cert);
        assert!(trusts(&server, &first), "the new chain has no key yet");
        put(&private, &second.private);
        assert!(trusts(&server, &second) && !trusts(&server, &first));
        put(&cert, "nothing of the kind");
        assert!(trusts(&server, &second));
        fs::remove_file(&cert).expect("removed");
        assert!(trusts(&server, &second), "what is gone is not served less");
    }

    #[test]
    fn a_key_of_another_certificate_is_refused_at_the_start() {
        let directory = tempfile::tempdir().expect("a directory");
        let (cert, private) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
        fs::write(&cert, made().cert).expect("written");
        fs::write(&private, made().private).expect("written");
        let refused = load((&cert, &private), &[]).map(drop).expect_err("they do not belong together");
        assert!(refused.to_string().contains("cert.pem"), "{refused}");
    }
}

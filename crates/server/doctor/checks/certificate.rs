//! Certificates: whether they can be used, whom they name, and when they end.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::{CertificateError, Error, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use super::{Check, bad, good, private, weak};
use crate::config::Config;
use crate::{acme, tls};

/// A certificate that ends within this is told of.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);

/// Looks at the certificates of all listeners that have one.
pub(super) fn all(config: &Config) -> Vec<Check> {
    let host = config.http.public_url.as_deref().and_then(|url| url.parse::<hyper::Uri>().ok());
    let host = host.as_ref().and_then(|url| url.host()).map(str::to_owned);
    let listeners = [
        ("smtp.tls_cert", config.smtp.tls(), Some(config.smtp.bounds.hostname.clone())),
        ("http.tls_cert", config.http.tls(), host),
        ("operator.tls_cert", config.operator.tls(), None),
    ];
    let mut checks: Vec<Check> = ordered(config).into_iter().collect();
    for (what, files, name) in listeners {
        let Some((cert, key)) = files else { continue };
        checks.push(private(&what.replace("cert", "key"), key, "chmod 400"));
        checks.push(match tls::load((cert, key), &[]) {
            Ok(_) => judge(what, cert, name.as_deref()),
            Err(error) => bad(what, error.to_string(), "give a PEM chain and the key that belongs to it"),
        });
    }
    checks
}

/// What became of the last order, where certificates are ordered.
fn ordered(config: &Config) -> Option<Check> {
    config.acme.http_listen?;
    let names = config.acme.domains.join(", ");
    Some(match acme::last_failure(&acme::certificate_file(&config.data_dir)) {
        Some(failure) => {
            let fix =
                "make what it says right; the service tries again by itself, at most four times an hour";
            weak("acme", failure, fix)
        }
        None => good("acme", format!("the last order for {names} did not fail")),
    })
}

/// Looks at the certificate that hosts see who bring mail.
pub(in crate::doctor) fn of_mail(config: &Config) -> Check {
    let host = &config.smtp.bounds.hostname;
    match config.smtp.tls() {
        None => {
            let seen = "answers come in without TLS: whoever is on the way reads them";
            weak("TLS", seen, "set smtp.tls_cert and smtp.tls_key")
        }
        Some((cert, key)) => match tls::load((cert, key), &[]) {
            Ok(_) => judge("TLS", cert, Some(host)),
            Err(error) => bad("TLS", error.to_string(), "give a PEM chain and the key that belongs to it"),
        },
    }
}

fn judge(what: &str, cert: &Path, name: Option<&str>) -> Check {
    let renew = "renew it; the service takes the new one by itself";
    match problem(cert, name, Duration::ZERO) {
        Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            bad(what, format!("{} has ended", cert.display()), renew)
        }
        Some(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            bad(what, format!("{} does not hold yet", cert.display()), "look at the machine's clock")
        }
        Some(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            let seen = format!("{} does not name {}", cert.display(), name.unwrap_or_default());
            weak(what, seen, "get one for the name that peers connect to")
        }
        found => match problem(cert, name, SOON) {
            Some(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
                weak(what, format!("{} ends within 14 days", cert.display()), renew)
            }
            _ if matches!(found, Some(CertificateError::UnknownIssuer)) => {
                let seen = format!("{} is not of a public authority", cert.display());
                weak(what, seen, "fine where every peer knows yours; else get one of a public authority")
            }
            _ => good(what, format!("{} can be used", cert.display())),
        },
    }
}

/// What a peer would say of it, `later` than now.
fn problem(cert: &Path, name: Option<&str>, later: Duration) -> Option<CertificateError> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(cert).ok()?.flatten().collect();
    let (own, rest) = chain.split_first()?;
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    // Without a name of its own it is asked about one that it may well not have: only its time is of interest then.
    let asked = ServerName::try_from(name.unwrap_or("localhost").to_owned()).ok()?;
    let now = UnixTime::since_unix_epoch(Duration::from_secs(UnixTime::now().as_secs()) + later);
    let found = match verifier.verify_server_cert(own, rest, &asked, &[], now) {
        Err(Error::InvalidCertificate(problem)) => problem,
        _ => return None,
    };
    let is_name =
        matches!(found, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. });
    (name.is_some() || !is_name).then_some(found)
}

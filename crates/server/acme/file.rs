//! The file with the certificate and its key: what is in it, and how it is exchanged.
//!
//! Chain and key are in one file, so that no moment and no crash parts them. A line above them says which authority issued
//! them; without it they are a stand-in that the service made itself.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use mailward_mail::clock::Timestamp;
use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use x509_parser::parse_x509_certificate;
use zeroize::Zeroizing;

use crate::data_dir::write_secret;
use crate::{StartError, tls};

const ISSUED: &str = "Issued by ";

/// Where it lies.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("acme").join("certificate.pem")
}

/// A certificate that an authority issued.
pub(super) struct Issued {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    directory: String,
    own: CertificateDer<'static>,
}

impl Issued {
    /// When the next one is to be ordered: when a third of its life is left, or at once where it is not for these names
    /// or of another authority.
    pub(super) fn due(&self, directory: &str, domains: &[String]) -> Timestamp {
        if self.directory != directory || domains.iter().any(|domain| !names(&self.own, domain)) {
            return Timestamp(0);
        }
        let life = self.to.millis().saturating_sub(self.from.millis());
        Timestamp(self.to.millis().saturating_sub(life / 3))
    }
}

/// What lies there; none while it is a stand-in or nothing that can be used.
pub(super) fn read(path: &Path) -> Option<Issued> {
    let text = Zeroizing::new(fs::read_to_string(path).ok()?);
    let directory = text.lines().next()?.strip_prefix(ISSUED)?.to_owned();
    let own = CertificateDer::pem_slice_iter(text.as_bytes()).next()?.ok()?;
    let (from, to) = life(&own)?;
    Some(Issued { from, to, directory, own })
}

/// Whether a chain and a key can be served under these names at this moment.
pub(super) fn judge(chain: &str, key: &str, domains: &[String], now: Timestamp) -> Result<(), String> {
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|e| e.to_string())?;
    let own = chain.first().ok_or("there is none")?.clone();
    if let Some(missing) = domains.iter().find(|domain| !names(&own, domain)) {
        return Err(format!("it does not name {missing}"));
    }
    let (_, to) = life(&own).ok_or("it cannot be read")?;
    if to <= now {
        return Err("it has expired".to_owned());
    }
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(|error| error.to_string())?;
    let provider = rustls::crypto::ring::default_provider();
    CertifiedKey::from_der(chain, key, &provider).map(drop).map_err(|error| error.to_string())
}

/// Exchanges what lies there. The first key of a file is the one that is used: no chain can bring another one.
pub(super) fn write(path: &Path, directory: &str, chain: &str, key: &str) -> io::Result<()> {
    let text = format!("{ISSUED}{directory}\n{}\n{chain}", key.trim_end());
    put(path, &Zeroizing::new(text))
}

/// Puts a certificate there that the service makes itself, where there is none that can be used.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn stand_in(path: &Path, domains: &[String]) -> Result<(), StartError> {
    let failed = |error: &dyn std::fmt::Display| {
        StartError::failed(format!("cannot write a certificate to {}: {error}", path.display()))
    };
    if path.exists() {
        match tls::load((path, path), &[]) {
            Ok(_) => return Ok(()),
            Err(error) => tracing::warn!(%error, "the certificate cannot be used; another one is ordered"),
        }
    }
    let made = rcgen::generate_simple_self_signed(domains).map_err(|error| failed(&error))?;
    let text = Zeroizing::new(format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem()));
    put(path, &text).map_err(|error| failed(&error))?;
    tracing::warn!(path = %path.display(), "a certificate that nobody has certified stands in until one is issued");
    Ok(())
}

/// What the last order that came to nothing said, if none came to an end since; for who looks from outside.
pub(crate) fn last_failure(path: &Path) -> Option<String> {
    let text = fs::read_to_string(failure(path)).ok()?;
    Some(text.trim_end().to_owned()).filter(|text| !text.is_empty())
}

pub(super) fn note_failure(path: &Path, now: Timestamp, reason: &str) {
    // It is in the log as well.
    let _ = write_secret(&failure(path), &format!("{now}: {reason}"));
}

pub(super) fn forget_failure(path: &Path) {
    let _ = fs::remove_file(failure(path));
}

fn failure(path: &Path) -> PathBuf {
    path.with_file_name("failure")
}

fn put(path: &Path, text: &str) -> io::Result<()> {
    if let Some(directory) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    write_secret(path, text)
}

fn names(own: &CertificateDer<'_>, domain: &str) -> bool {
    let Ok(name) = ServerName::try_from(domain) else { return false };
    ParsedCertificate::try_from(own).is_ok_and(|parsed| verify_server_name(&parsed, &name).is_ok())
}

fn life(own: &CertificateDer<'_>) -> Option<(Timestamp, Timestamp)> {
    let (_, parsed) = parse_x509_certificate(own).ok()?;
    let at = |time: &x509_parser::time::ASN1Time| Timestamp(time.timestamp().saturating_mul(1_000));
    let validity = parsed.validity();
    Some((at(&validity.not_before), at(&validity.not_after)))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const HERE: &str = "https://ca.test/dir";

    fn names_of(text: &str) -> Vec<String> {
        text.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn a_certificate_is_due_when_a_third_of_its_life_is_left_or_when_it_is_not_the_one_that_is_wanted() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = path(directory.path());
        let mut params = rcgen::CertificateParams::new(names_of("mx.test mail.test")).expect("names");
        params.not_before = rcgen::date_time_ymd(2030, 1, 1);
        params.not_after = rcgen::date_time_ymd(2030, 1, 31);
        let key = rcgen::KeyPair::generate().expect("a key");
        let cert = params.self_signed(&key).expect("a certificate").pem();
        put(&path, "").expect("a folder");
        let hostile = format!("{}{cert}", rcgen::KeyPair::generate().expect("a key").serialize_pem());
        write(&path, HERE, &hostile, &key.serialize_pem()).expect("written");
        tls::load((&path, &path), &[]).expect("our key is the one that is used");
        let day = |day: &str| Timestamp::parse(&format!("2030-01-{day}T00:00:00Z")).expect("a day");
        let issued = read(&path).expect("it is there");
        assert_eq!((issued.from, issued.to), (day("01"), day("31")));
        assert_eq!(issued.due(HERE, &names_of("mx.test mail.test")), day("21"));
        assert_eq!(issued.due(HERE, &names_of("mx.test")), day("21"));
        assert_eq!(issued.due(HERE, &names_of("mx.test new.test")), Timestamp(0));
        assert_eq!(issued.due("https://staging.ca.test/dir", &names_of("mx.test")), Timestamp(0));
        assert_eq!(fs::metadata(&path).expect("it is there").mode() & 0o077, 0);
        assert_eq!(fs::metadata(path.parent().expect("a folder")).expect("it is there").mode() & 0o077, 0);
        stand_in(&path, &names_of("mx.test")).expect("nothing is to be done");
        assert!(read(&path).is_some(), "what can be used stays");
    }

    #[test]
    fn what_was_issued_is_looked_at_before_it_is_used() {
        let made = rcgen::generate_simple_self_signed(names_of("mx.test")).expect("a certificate");
        let other = rcgen::KeyPair::generate().expect("a key").serialize_pem();
        let (chain, key) = (made.cert.pem(), made.signing_key.serialize_pem());
        let now = Timestamp::parse("2030-01-01T00:00:00Z").expect("a day");
        let late = Timestamp::parse("9999-01-01T00:00:00Z").expect("a day");
        assert_eq!(judge(&chain, &key, &names_of("mx.test"), now), Ok(()));
        assert_eq!(judge(&chain, &key, &names_of("b.test"), now), Err("it does not name b.test".into()));
        assert!(judge(&chain, &other, &names_of("mx.test"), now).is_err(), "of another key");
        assert_eq!(judge("<html>", &key, &names_of("mx.test"), now), Err("there is none".into()));
        assert_eq!(judge(&chain, &key, &names_of("mx.test"), late), Err("it has expired".into()));
    }

    #[test]
    fn a_file_that_cannot_be_used_keeps_no_service_from_starting() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = path(directory.path());
        stand_in(&path, &names_of("mx.test")).expect("made");
        assert!(read(&path).is_none(), "nobody issued it");
        tls::load((&path, &path), &[]).expect("it can be served");
        put(&path, "half of a certifica").expect("written");
        stand_in(&path, &names_of("mx.test")).expect("made again");
        tls::load((&path, &path), &[]).expect("it can be served");
    }
}

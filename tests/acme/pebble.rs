//! Pebble: an authority in a process of its own that really asks for the proofs it wants. Debian's package `pebble`.

use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use mailward_net::dns::Dns;
use mailward_net::egress::{Egress, EgressRules};
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use serde_json::json;
use tempfile::TempDir;

/// An HMAC key in base64url, of the account `kid-1`.
pub const EXTERNAL_KEY: &str = "bWFpbHdhcmQgdGVzdHMgYmluZCBhbiBhY2NvdW50IQ";

/// A running authority; it ends when this is dropped.
pub struct Pebble {
    child: Child,
    directory: TempDir,
    port: u16,
    /// Where it looks for proofs.
    pub proofs: SocketAddr,
    /// What clients trust who trust it.
    pub roots: RootCertStore,
}

/// What it insists on, and how long what it issues holds.
#[derive(Default)]
pub struct Rules {
    pub seconds: Option<u64>,
    pub wants_external_account: bool,
}

impl Pebble {
    /// Starts one that asks this name server.
    pub async fn start(resolver: SocketAddr, rules: Rules) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).expect("a certificate");
        let (cert, key) = (directory.path().join("cert.pem"), directory.path().join("key.pem"));
        std::fs::write(&cert, made.cert.pem()).expect("written");
        std::fs::write(&key, made.signing_key.serialize_pem()).expect("written");
        let [port, control, proofs, tls] = free_ports();
        let mut settings = json!({
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{control}"),
            "certificate": cert, "privateKey": key, "httpPort": proofs, "tlsPort": tls,
            "externalAccountBindingRequired": rules.wants_external_account,
            "externalAccountMACKeys": {"kid-1": EXTERNAL_KEY},
        });
        if let Some(seconds) = rules.seconds {
            settings["certificateValidityPeriod"] = json!(seconds);
        }
        let config = directory.path().join("config.json");
        std::fs::write(&config, json!({"pebble": settings}).to_string()).expect("written");
        let child = Command::new("pebble")
            .arg("-config")
            .arg(&config)
            .args(["-strict", "-dnsserver", &resolver.to_string()])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pebble is missing: install Debian's package pebble");
        let roots = roots(control, made.cert.der().clone()).await;
        let proofs = SocketAddr::from(([127, 0, 0, 1], proofs));
        Self { child, directory, port, proofs, roots }
    }

    /// What a service needs to order from it.
    pub fn settings(&self) -> Vec<String> {
        vec![
            format!("acme.http_listen={}", self.proofs),
            "acme.agree_terms=true".to_owned(),
            format!("acme.directory=https://127.0.0.1:{}/dir", self.port),
            format!("acme.ca_file={}", self.directory.path().join("cert.pem").display()),
            "http.public_url=https://mail.test".to_owned(),
        ]
    }
}

impl Drop for Pebble {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks for its root until it answers.
async fn roots(control: u16, own: CertificateDer<'static>) -> RootCertStore {
    let allow_private = vec!["127.0.0.0/8".parse().expect("a network")];
    let rules = EgressRules { allow_private, extra_roots: vec![own], ..EgressRules::default() };
    let egress = Egress::new(Dns::off(), rules).expect("a root");
    let url = format!("https://127.0.0.1:{control}/roots/0");
    for _ in 0..300 {
        if let Ok(reply) = egress.fetch(&url, Duration::from_secs(5), 65_536).await {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_slice(&reply.body).expect("a certificate")).expect("a root");
            return roots;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("pebble does not answer");
}

/// Ports that nobody has at this moment, each another one.
fn free_ports<const N: usize>() -> [u16; N] {
    let bound = [(); N].map(|()| std::net::TcpListener::bind("127.0.0.1:0").expect("a free port"));
    bound.map(|listener| listener.local_addr().expect("an address").port())
}

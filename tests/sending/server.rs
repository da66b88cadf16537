//! A server in the world outside that says what a test wants it to say.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What it does.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// Takes everything.
    Takes,
    /// Says nothing, ever.
    Silent,
    /// Takes the message and is gone before it says so.
    Vanishes,
    /// Refuses whoever is called `no`, for now whoever is called `later`.
    Picky,
}

/// It listens until the test ends.
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    mails: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let (connections, mails) = (Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<String>>>::default());
        let (counted, kept) = (Arc::clone(&connections), Arc::clone(&mails));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, script, Arc::clone(&kept)));
            }
        });
        Self { address, connections, mails }
    }

    /// How a service is told to hand everything to it.
    pub fn settings(&self) -> [String; 2] {
        ["outbound.mode=relay".to_owned(), format!("outbound.relay_url=smtp://{}?tls=none", self.address)]
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// What it took, each with its end.
    pub fn mails(&self) -> Vec<String> {
        self.mails.lock().expect("no test panicked holding it").clone()
    }
}

async fn serve(stream: TcpStream, script: Script, mails: Arc<Mutex<Vec<String>>>) {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader);
    if script == Script::Silent {
        let mut line = String::new();
        while lines.read_line(&mut line).await.is_ok_and(|read| read > 0) {}
        return;
    }
    let mut say = async |text: &str| writer.write_all(format!("{text}\r\n").as_bytes()).await.is_ok();
    say("220 outside.test").await;
    let mut line = String::new();
    while lines.read_line(&mut line).await.is_ok_and(|read| read > 0) {
        let word = line.to_ascii_uppercase();
        let fine = if word.starts_with("EHLO") {
            say("250 outside.test").await
        } else if word.starts_with("RCPT TO:<NO@") && script == Script::Picky {
            say("550 5.1.1 nobody\x1b[31m here").await
        } else if word.starts_with("RCPT TO:<LATER@") && script == Script::Picky {
            say("451 4.7.1 come back later").await
        } else if word.starts_with("DATA") {
            say("354 go on").await;
            let mut mail = String::new();
            while lines.read_line(&mut mail).await.is_ok_and(|read| read > 0) && !mail.ends_with("\r\n.\r\n")
            {
            }
            // Without its end it is no mail (RFC 5321, 4.1.1.4): its sender was killed in the middle.
            if !mail.ends_with("\r\n.\r\n") {
                return;
            }
            mails.lock().expect("no test panicked holding it").push(mail);
            if script == Script::Vanishes {
                return;
            }
            say("250 2.0.0 taken as 7").await
        } else if word.starts_with("QUIT") {
            say("221 goodbye").await;
            return;
        } else {
            say("250 fine").await
        };
        if !fine {
            return;
        }
        line.clear();
    }
}

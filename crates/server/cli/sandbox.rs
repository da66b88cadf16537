//! `sandbox`: a server on this machine that takes every mail for everybody, tells of it, and keeps none.

use std::io::Write;
use std::net::SocketAddr;

use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::args::Sandbox;
use super::{Failure, terminal};
use mailward_dispatch::Sink;

pub(super) fn run(arguments: &Sandbox) -> Result<(), Failure> {
    let listen = arguments.listen;
    if !listen.ip().to_canonical().is_loopback() {
        return Err(Failure::usage(
            format!("{listen} is reachable from other machines, and this takes mail from anybody"),
            "listen on 127.0.0.1",
        ));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime =
        runtime.map_err(|error| Failure::failed(format!("no threads can be started: {error}"), ""))?;
    runtime.block_on(serve(arguments, listen))
}

async fn serve(arguments: &Sandbox, listen: SocketAddr) -> Result<(), Failure> {
    let stop = CancellationToken::new();
    let (told, mut mails) = tokio::sync::mpsc::channel(64);
    let sink = Sink::listen(listen, Some(told), stop.clone()).await.map_err(|error| {
        Failure::failed(format!("cannot listen on {listen}: {error}"), "choose another with --listen")
    })?;
    let mut out = std::io::stdout();
    let address = sink.address();
    if arguments.json {
        writeln!(out, "{}", terminal::json(&json!({ "listen": address.to_string() })))?;
    } else {
        writeln!(out, "taking mail at {address}; nothing leaves this machine. Ctrl-C ends it.")?;
    }
    let ended = crate::start::signalled();
    tokio::pin!(ended);
    loop {
        let mail = tokio::select! {
            () = &mut ended => break,
            mail = mails.recv() => mail,
        };
        let Some(mail) = mail else { break };
        let (from, to) = (terminal::visible(&mail.from).into_owned(), mail.to.join(" "));
        if arguments.json {
            let told = json!({ "from": mail.from, "to": mail.to, "bytes": mail.bytes });
            writeln!(out, "{}", terminal::json(&told))?;
        } else {
            writeln!(out, "from {from} to {}: {} bytes", terminal::visible(&to), mail.bytes)?;
        }
        out.flush()?;
    }
    stop.cancel();
    Ok(())
}

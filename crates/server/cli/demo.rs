//! `demo`: the main job on real mail, in a temporary directory, through the doors that everybody uses.
//!
//! Starts the service on free ports, makes two tenants, sends the mails of `fixtures/demo/` over SMTP and asks the API
//! what became of them. Each expectation is checked, and one that fails makes the whole fail: nothing here is shown
//! that did not happen.

mod api;
mod hook;
mod mails;
mod report;
mod steps;

use std::io::{IsTerminal, Write};
use std::time::Duration;

use mailward_mail::id::TenantId;
use mailward_mailroom::people::InviteRequest;
use mailward_smtp::Shutdown;
use mailward_store::Role;

use crate::StartError;
use crate::app::App;
use crate::config::{Config, Sources, load};
use crate::start::signalled;
use steps::Stage;

/// Runs the demo; `false` when something expected did not happen.
/// The demo starts the whole service.
const ALL_PARTS: &str = "no part is left out";

pub(super) async fn run(exit: bool) -> Result<bool, StartError> {
    let directory = tempfile::tempdir().map_err(|error| failed("no temporary directory", &error))?;
    let app = App::start(configuration(directory.path())?).await?;
    let shown = show(&app).await;
    // What went wrong is told before the service stops, and the service stops whatever went wrong.
    let well = match &shown {
        Ok(well) => *well,
        Err(error) => {
            say(&format!("\nthe demo broke off: {error}\n"));
            false
        }
    };
    if well && !exit && std::io::stdout().is_terminal() {
        say(&format!(
            "\nStill serving; try it (the keys are above), then stop with Ctrl-C.\n  API      http://{}\n  operator http://{}\n  SMTP     {}\n",
            app.http.expect(ALL_PARTS),
            app.operator,
            app.smtp.expect(ALL_PARTS)
        ));
        let (ada, staff) = invitations(&app).await?;
        say(&format!(
            "  console  {ada}\n           invites you to ada's, as admin; to the operator's own:\n           {staff}\n"
        ));
        signalled().await;
    }
    app.stop(Shutdown::Hard).await;
    Ok(well)
}

async fn show(app: &App) -> Result<bool, StartError> {
    say("Mailward demo: two tenants, one SMTP listener, real mail.\n\n");
    let stage = Stage::set(app).await?;
    say(&format!("  ada  {}\n       key {}\n", stage.ada.address, stage.ada.token));
    say(&format!("  bob  {}\n       key {}\n\n", stage.bob.address, stage.bob.token));
    let mails = mails::all()?;
    stage.deliver(app.smtp.expect(ALL_PARTS), &mails).await?;
    let mut well = stage.verdicts(&mails).await?;
    well &= stage.webhooks(&mails, Duration::from_secs(20)).await;
    well &= stage.crossed_token().await?;
    well &= stage.release().await?;
    say(if well {
        "\nEverything happened as expected.\n"
    } else {
        "\nNot everything happened as expected; see the lines marked ✗.\n"
    });
    Ok(well)
}

/// Links into the console: for a person of ada's, and for one of the operator's staff. Each is good once.
async fn invitations(app: &App) -> Result<(String, String), StartError> {
    let broken = |error: &dyn std::fmt::Display| failed("nobody could be invited to the console", error);
    let key = std::fs::read_to_string(app.data_dir().join("operator.key")).map_err(|error| broken(&error))?;
    let here = std::net::Ipv4Addr::LOCALHOST.into();
    let operator = app.room().operator(key.trim(), here).await.map_err(|error| broken(&error))?;
    let ada = TenantId::parse("ada").map_err(|error| broken(&error))?;
    let mut links = Vec::new();
    for (tenant, at) in [(Some(&ada), app.http.expect(ALL_PARTS)), (None, app.operator)] {
        let request = InviteRequest { email: "you@demo.test".to_owned(), role: Role::Admin };
        let made = app.room().invite_as_operator(&operator, tenant, &request).await;
        let made = made.map_err(|error| broken(&error))?.ok_or_else(|| broken(&"ada is not there"))?;
        links.push(format!("http://{at}/console/invitation/{}", made.secret));
    }
    let staff = links.pop().unwrap_or_default();
    Ok((links.pop().unwrap_or_default(), staff))
}

fn configuration(directory: &std::path::Path) -> Result<Config, StartError> {
    let set = [
        "smtp.listen=127.0.0.1:0",
        "smtp.hostname=mx.demo.test",
        "smtp.greeting_delay_ms=1",
        "http.listen=127.0.0.1:0",
        "operator.listen=127.0.0.1:0",
        "domain=demo.test",
        "dns.servers=off",
        "limits.disk_free_bytes=0",
        // The webhook of the demo is received by this very process.
        "webhooks.allow_private=[\"127.0.0.0/8\"]",
    ];
    let sources = Sources {
        data_dir: Some(directory.join("data")),
        set: set.map(str::to_owned).to_vec(),
        ..Sources::default()
    };
    load(&sources).map_err(|error| StartError::Failed(error.to_string()))
}

/// Prints, and does not mind when nobody reads any more.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

fn failed(what: &str, error: &dyn std::fmt::Display) -> StartError {
    StartError::Failed(format!("{what}: {error}"))
}

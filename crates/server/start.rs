//! Starting and stopping from the command line, and why a start is refused.

use std::net::SocketAddr;

use mailward_smtp::Shutdown;

use crate::app::App;
use crate::config::Config;

/// Why the service does not run.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The operator must change something first; exit status 78.
    #[error("{0}")]
    Refused(String),
    /// It did not work out; exit status 1.
    #[error("{0}")]
    Failed(String),
}

impl StartError {
    pub(crate) fn refused(why: impl Into<String>) -> Self {
        Self::Refused(why.into())
    }

    pub(crate) fn failed(why: impl Into<String>) -> Self {
        Self::Failed(why.into())
    }

    pub(crate) fn bind(key: &str, address: SocketAddr, error: &std::io::Error) -> Self {
        Self::Failed(format!(
            "cannot listen on {address}: {error}; choose another with --set {key}=ADDRESS:PORT"
        ))
    }

    /// A store that cannot be opened. Its causes may hold a URL with a password only as the driver's own words,
    /// which leave it out.
    pub(crate) fn store(error: mailward_store::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self::Failed(text)
    }
}

/// Serves until SIGTERM or Ctrl-C, then drains; a second signal ends at once.
///
/// # Errors
/// When it cannot start.
pub async fn serve(config: Config) -> Result<(), StartError> {
    let app = App::start(config).await?;
    let worn_out = tokio::select! {
        () = signalled() => false,
        () = exhausted(&app) => true,
    };
    tracing::info!("stopping; what runs may finish");
    tokio::select! {
        () = app.stop(Shutdown::Soft) => {}
        () = signalled() => tracing::warn!("stopped at once; what was not acknowledged will be sent again"),
    }
    if worn_out {
        return Err(StartError::failed(
            "the screening threads hang in messages that cannot be read; start it again",
        ));
    }
    Ok(())
}

/// Resolves when the screening threads have been hanging for so long that they will not come back. Whoever keeps the
/// service running starts it again, and the messages they hang in are then stored unread.
async fn exhausted(app: &App) {
    let mut seconds = 0;
    while seconds < 30 {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        seconds = if app.room().is_exhausted() { seconds + 1 } else { 0 };
    }
}

/// Makes the data directory, its keys and its databases, and tells the operator's key.
///
/// # Errors
/// When the directory was initialised before.
pub async fn init(config: Config) -> Result<String, StartError> {
    if crate::data_dir::DataDir::is_initialised(&config.data_dir) {
        return Err(StartError::refused(format!(
            "{} is initialised already; its operator key is in operator.key there",
            config.data_dir.display()
        )));
    }
    let app = App::start(loopback(config)).await?;
    let key = crate::data_dir::read_secret(&app.data_dir().join("operator.key"))?;
    app.stop(Shutdown::Hard).await;
    Ok(key)
}

/// The same, listening nowhere that anybody knows: initialising must not serve.
fn loopback(mut config: Config) -> Config {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 0));
    (config.smtp.listen, config.http.listen, config.operator.listen) = (nowhere, nowhere, nowhere);
    config
}

/// Brings the schema of mail and keys to this version.
///
/// # Errors
/// When a database cannot be opened, its schema is newer, or the role may not change it.
pub async fn migrate(config: Config) -> Result<(), StartError> {
    let data = crate::data_dir::DataDir::open(&config.data_dir)?;
    let keys = crate::app::keystore_location(&config, &data);
    mailward_store::Keystore::open(&keys).await.map_err(StartError::store)?.close().await;
    let mail = crate::app::store_location(&config, &data);
    mailward_store::Store::open(&mail).await.map_err(StartError::store)?.close().await;
    Ok(())
}

/// Resolves at SIGTERM or Ctrl-C.
pub async fn signalled() {
    use tokio::signal::unix::{SignalKind, signal};
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => {
                terminate.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        () = terminated => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}

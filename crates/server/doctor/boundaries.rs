//! What two tenants of a deployment share, what keeps them apart in it, and what would give each its own.
//!
//! A list for whoever must decide whether sharing is enough: nothing here is a fault.

use mailward_web::Boundary;

use crate::config::Config;

/// The boundary list of a deployment.
#[must_use]
pub fn boundaries(config: &Config) -> Vec<Boundary> {
    let own_deployment = "a deployment of its own (`mailward tenant export`, then `tenant import` there)";
    let is_postgres = config.store.url.expose() != "sqlite";
    let directory = config.data_dir.display();
    let database = if is_postgres {
        row(
            "database",
            "one PostgreSQL database, one role for the service".into(),
            "forced row-level security for each transaction, keys that begin with the tenant",
            "a database of its own: a second deployment, or sharding by tenant",
        )
    } else {
        row(
            "database",
            format!("one SQLite file, {directory}/mailward.db"),
            "keys that begin with the tenant; each statement names it; no second lock by the database",
            "store.url=postgres://... for row-level security, or a deployment of its own",
        )
    };
    let keystore = match &config.keys.store_url {
        Some(_) => "one keystore database of its own".to_owned(),
        None => format!("one keystore file, {directory}/keystore.db"),
    };
    let mut all = vec![
        row(
            "process",
            "one process for all, its memory and its threads".into(),
            "types that only the store can make; a scope of one tenant for each transaction; bounds and shares for each",
            own_deployment,
        ),
        database,
        row(
            "disk",
            format!("the volume of {directory}, with what is free on it"),
            "everything a sender or an agent wrote is sealed under its tenant's key",
            own_deployment,
        ),
        row(
            "master key",
            format!(
                "one master key wraps every tenant's key ({})",
                format!("{:?}", config.keys.provider).to_lowercase()
            ),
            "a key for each tenant; it is bound to tenant and region, and opens nothing else",
            own_deployment,
        ),
        row(
            "keystore",
            keystore,
            "wrapped keys alone; a tenant's row opens for that tenant alone",
            own_deployment,
        ),
        row(
            "domain",
            config.all_domains().join(", "),
            "an address is never issued twice; but a domain's reputation is everybody's",
            "another domain (`domains`) for it alone",
        ),
        row(
            "address",
            format!("mail comes in at {}, the API is at {}", config.smtp.listen, config.http.listen),
            "limits and bans are a network's, never a tenant's; but an address' reputation is everybody's",
            "a node with an address of its own",
        ),
        row(
            "log",
            "one stream of log lines".into(),
            "no line holds what a sender or an agent wrote; a tenant's audit log is a chain of its own",
            own_deployment,
        ),
    ];
    if config.screening.judge_url.is_some() {
        let whose = match config.screening.judge_tenants.len() {
            0 => "all tenants".to_owned(),
            count => format!("{count} tenants"),
        };
        all.push(row(
            "judge",
            format!("one endpoint is shown the text of grey mail of {whose}"),
            "a question holds one mail and nothing of another; a budget and a share for each; what the endpoint keeps is its own",
            "screening.judge_tenants names those who may share it",
        ));
    }
    all
}

fn row(what: &str, shared: String, kept: &str, apart: &str) -> Boundary {
    Boundary { what: what.to_owned(), shared, kept: kept.to_owned(), apart: apart.to_owned() }
}

//! `rescore`: stored mail judged anew, tenant by tenant, a batch at a time, through the operator API.
//!
//! The server remembers nothing between batches, so an interrupted run loses nothing: it is begun again, or gone on with
//! where it stopped. A batch that is done twice changes nothing the second time.

use std::collections::BTreeMap;
use std::io::Write;

use serde_json::{Value, json};

use super::args::policy::Rescore;
use super::operator::{Client, segment};
use super::{Failure, terminal};

/// Mails of one batch: few enough that a server answers in seconds.
const BATCH: u32 = 200;
/// Ids of a list that is shown to people; `--json` has all.
const SHOWN: usize = 20;
/// Domains that are shown to people, those with the most changes.
const DOMAINS: usize = 30;

/// All batches together.
#[derive(Default)]
struct Total {
    counts: BTreeMap<&'static str, u64>,
    levels: BTreeMap<(String, String), u64>,
    /// Mails, raised, lowered.
    senders: BTreeMap<String, [u64; 3]>,
    would_hold: Vec<Value>,
    would_pass: Vec<Value>,
}

const COUNTS: [&str; 7] = ["mails", "decided", "unread", "kept", "changed", "stored", "missed"];

pub(super) fn run(wanted: &Rescore) -> Result<(), Failure> {
    let client = Client::new(&wanted.server)?;
    let (from, mut after) =
        match wanted.from.as_deref().map(|place| place.split_once(':').unwrap_or((place, ""))) {
            Some((tenant, email)) => {
                (tenant.to_owned(), Some(email.to_owned()).filter(|email| !email.is_empty()))
            }
            None => (String::new(), None),
        };
    let tenants: Vec<String> = match &wanted.tenant {
        Some(tenant) => vec![tenant.clone()],
        None => {
            let mut rows = client.list("/tenants")?;
            rows.retain(|row| !matches!(row["state"].as_str(), Some("shredded" | "purged" | "importing")));
            let ids = rows.iter().filter_map(|row| row["id"].as_str().map(str::to_owned));
            ids.filter(|id| *id >= from).collect()
        }
    };
    let mut total = Total::default();
    for tenant in &tenants {
        // Where it stopped is a place in that tenant alone.
        let mut place = after.take().filter(|_| *tenant == from);
        loop {
            let mut body = json!({ "dryRun": wanted.dry_run, "limit": BATCH });
            if let Some(place) = &place {
                body["after"] = place.clone().into();
            }
            let batch = client.post(&format!("/tenants/{}/rescore", segment(tenant)), &body);
            let batch = batch.map_err(|failure| stopped(failure, tenant, place.as_deref()))?;
            total.add(tenant, &batch);
            writeln!(std::io::stderr().lock(), "{tenant}: {} mails so far", total.counts["mails"])?;
            match batch["next"].as_str() {
                Some(next) => place = Some(next.to_owned()),
                None => break,
            }
        }
    }
    tell(&total, wanted.dry_run, wanted.server.json)
}

/// The failure, and how to go on where it happened.
fn stopped(failure: Failure, tenant: &str, place: Option<&str>) -> Failure {
    let from = match place {
        Some(place) => format!("{tenant}:{place}"),
        None => tenant.to_owned(),
    };
    let next = format!("what was stored stays; go on with `mailward rescore --from {from}`");
    Failure::failed(failure, terminal::visible(&next))
}

impl Total {
    fn add(&mut self, tenant: &str, batch: &Value) {
        for name in COUNTS {
            *self.counts.entry(name).or_default() += batch[name].as_u64().unwrap_or_default();
        }
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
        let rows = |name: &str| batch[name].as_array().cloned().unwrap_or_default();
        for row in rows("levels") {
            let key = (text(&row, "from"), text(&row, "to"));
            *self.levels.entry(key).or_default() += row["mails"].as_u64().unwrap_or_default();
        }
        for row in rows("senders") {
            let sums = self.senders.entry(text(&row, "domain")).or_default();
            for (sum, name) in sums.iter_mut().zip(["mails", "raised", "lowered"]) {
                *sum += row[name].as_u64().unwrap_or_default();
            }
        }
        let named = |name: &str| {
            rows(name).into_iter().map(|id| json!({ "tenant": tenant, "email": id })).collect::<Vec<_>>()
        };
        self.would_hold.extend(named("wouldHold"));
        self.would_pass.extend(named("wouldPass"));
    }

    fn senders_by_change(&self) -> Vec<(&String, [u64; 3])> {
        let mut senders: Vec<_> = self.senders.iter().map(|(domain, sums)| (domain, *sums)).collect();
        senders.sort_by_key(|(domain, [mails, raised, lowered])| {
            (std::cmp::Reverse(raised + lowered), std::cmp::Reverse(*mails), *domain)
        });
        senders
    }
}

fn tell(total: &Total, dry_run: bool, as_json: bool) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    if as_json {
        let levels: Vec<Value> = total
            .levels
            .iter()
            .map(|((from, to), mails)| json!({ "from": from, "to": to, "mails": mails }))
            .collect();
        let sender = |(domain, [mails, raised, lowered]): (&String, [u64; 3])| json!({ "domain": domain, "mails": mails, "raised": raised, "lowered": lowered });
        let senders: Vec<Value> = total.senders_by_change().into_iter().map(sender).collect();
        let mut all = json!({
            "dryRun": dry_run,
            "levels": levels,
            "senders": senders,
            "wouldHold": total.would_hold,
            "wouldPass": total.would_pass,
        });
        for (name, count) in &total.counts {
            all[*name] = (*count).into();
        }
        writeln!(out, "{}", terminal::json(&all))?;
        return Ok(());
    }
    let counts: Vec<String> = total.counts.iter().map(|(name, count)| format!("{count} {name}")).collect();
    writeln!(out, "{}", counts.join(", "))?;
    let levels: Vec<Vec<String>> = total
        .levels
        .iter()
        .map(|((from, to), mails)| vec![from.clone(), to.clone(), mails.to_string()])
        .collect();
    writeln!(out, "\n{}", terminal::table(&["WAS", "IS", "MAILS"], &levels))?;
    let senders: Vec<Vec<String>> = total
        .senders_by_change()
        .into_iter()
        .filter(|(_, [_, raised, lowered])| raised + lowered > 0)
        .take(DOMAINS)
        .map(|(domain, sums)| {
            std::iter::once(domain.clone()).chain(sums.map(|sum| sum.to_string())).collect()
        })
        .collect();
    writeln!(out, "{}", terminal::table(&["SENDER", "MAILS", "RAISED", "LOWERED"], &senders))?;
    for (ids, what) in [
        (&total.would_hold, "delivered mails would be held now; they stay delivered"),
        (&total.would_pass, "held mails would pass now; they wait for a person still"),
    ] {
        writeln!(out, "{} {what}", ids.len())?;
        for id in ids.iter().take(SHOWN) {
            writeln!(out, "  {} {}", super::tenant::cell(id, "tenant"), super::tenant::cell(id, "email"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_add_up_and_senders_come_by_what_changed() {
        let batch = json!({
            "mails": 3, "changed": 2,
            "levels": [{ "from": "low", "to": "high", "mails": 2 }],
            "senders": [{ "domain": "a.test", "mails": 9, "raised": 0, "lowered": 0 },
                { "domain": "b.test", "mails": 2, "raised": 2, "lowered": 0 }],
            "wouldHold": ["eml_1"], "wouldPass": [],
        });
        let mut total = Total::default();
        total.add("ada", &batch);
        total.add("bob", &batch);
        assert_eq!((total.counts["mails"], total.counts["changed"], total.counts["stored"]), (6, 4, 0));
        assert_eq!(total.levels[&("low".to_owned(), "high".to_owned())], 4);
        let domains: Vec<&str> =
            total.senders_by_change().iter().map(|(domain, _)| domain.as_str()).collect();
        assert_eq!(domains, ["b.test", "a.test"]);
        assert_eq!(total.would_hold[1], json!({ "tenant": "bob", "email": "eml_1" }));
    }
}

//! `KEY=VALUE` of `tenant set-quota`, read before anything is asked of a server.

use mailward_mailroom::Limit;
use serde_json::{Map, Value, json};

use crate::cli::Failure;

/// The body of the request.
pub(super) fn request(quotas: &[String]) -> Result<Value, Failure> {
    let mut limits = Map::new();
    let mut body = Map::new();
    for quota in quotas {
        let how = "write plan=NAME or LIMIT=NUMBER, such as max_inboxes=25";
        let (key, value) =
            quota.split_once('=').ok_or_else(|| Failure::usage(format!("{quota:?} has no `=`"), how))?;
        if key == "plan" {
            body.insert("plan".into(), value.into());
            continue;
        }
        let limit = Limit::parse(key).ok_or_else(|| {
            let known: Vec<&str> = Limit::ALL.iter().map(|limit| limit.name()).collect();
            Failure::usage(
                format!("there is no limit {key:?}"),
                format!("there are plan, {}", known.join(", ")),
            )
        })?;
        let value = match value {
            "default" => Value::Null,
            number => json!(read(limit, number).map_err(|problem| {
                Failure::usage(
                    problem,
                    "write a whole number, 0 for no limit, or `default` for the plan's own value",
                )
            })?),
        };
        if limits.insert(limit.json().into(), value).is_some() {
            return Err(Failure::usage(format!("{key} is given twice"), ""));
        }
    }
    body.insert("limits".into(), limits.into());
    Ok(body.into())
}

fn read(limit: Limit, text: &str) -> Result<u64, String> {
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
    let unit = units.iter().find_map(|(name, bits)| Some((text.strip_suffix(name)?, *bits)));
    let is_bytes = matches!(limit, Limit::StoredBytes | Limit::StoredBytesPerInbox);
    let (digits, bits) = unit.filter(|_| is_bytes).unwrap_or((text, 0));
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(1 << bits));
    limit.check(
        number
            .ok_or_else(|| format!("{}={text:?} is no whole number that a limit can have", limit.name()))?,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(quotas: &[&str]) -> Result<Value, String> {
        let quotas: Vec<String> = quotas.iter().map(|one| (*one).to_owned()).collect();
        request(&quotas).map_err(|failure| failure.to_string())
    }

    #[test]
    fn limits_are_numbers_defaults_or_sizes_and_a_plan_is_a_name() {
        let body = read(&["plan=builder", "max_inboxes=7", "storedBytes=2GiB", "daily_mails=default"]);
        let limits = json!({ "maxInboxes": 7, "storedBytes": 2_147_483_648_u64, "dailyMails": null });
        assert_eq!(body, Ok(json!({ "plan": "builder", "limits": limits })));
    }

    #[test]
    fn what_is_no_limit_or_no_number_is_refused_with_what_there_is() {
        let unknown = read(&["max_inbox=7"]).expect_err("refused");
        assert!(unknown.contains("max_inboxes") && unknown.contains("stored_bytes"), "{unknown}");
        for bad in [
            "max_inboxes",
            "max_inboxes=-1",
            "max_inboxes=",
            "max_inboxes=1GiB",
            "max_inboxes=1e9",
            "max_inboxes=9007199254740993",
            "stored_bytes=99999999999TiB",
            "stored_bytes=99999999999999999999",
        ] {
            assert!(read(&[bad]).is_err(), "{bad}");
        }
        assert!(read(&["max_inboxes=1", "maxInboxes=2"]).is_err(), "twice");
    }
}

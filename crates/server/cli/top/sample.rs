//! One look at a node's metrics: series by name and labels, in the text format of Prometheus as our own server writes it.

use std::collections::BTreeMap;
#[cfg(test)]
use std::time::Duration;
use std::time::Instant;

/// The labels of a series.
pub(super) type Labels = BTreeMap<String, String>;

/// See the module.
pub(super) struct Sample {
    at: Instant,
    series: BTreeMap<String, Vec<(Labels, f64)>>,
}

impl Sample {
    /// Reads an answer; lines that are none of ours are left out.
    pub(super) fn read(text: &str) -> Self {
        let mut series: BTreeMap<String, Vec<(Labels, f64)>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((name, number)) = line.rsplit_once(' ') else { continue };
            let Ok(number) = number.parse() else { continue };
            let (name, labels) = name.split_once('{').unwrap_or((name, ""));
            let labels = labels.trim_end_matches('}').split("\",").filter_map(|one| one.split_once("=\""));
            let labels = labels.map(|(key, value)| (key.to_owned(), value.trim_end_matches('"').to_owned()));
            series.entry(name.to_owned()).or_default().push((labels.collect(), number));
        }
        Self { at: Instant::now(), series }
    }

    /// Everything, by name and labels as they were written.
    pub(super) fn values(&self) -> BTreeMap<String, f64> {
        let each = self.series.iter().flat_map(|(name, all)| {
            all.iter().map(move |(labels, number)| {
                let labels: Vec<String> =
                    labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let name =
                    if labels.is_empty() { name.clone() } else { format!("{name}{{{}}}", labels.join(",")) };
                (name, *number)
            })
        });
        each.collect()
    }

    pub(super) fn series(&self, name: &str) -> Vec<(Labels, f64)> {
        self.series.get(name).cloned().unwrap_or_default()
    }

    /// The one series with these labels; 0 where it is not there.
    pub(super) fn one(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has =
            |of: &Labels| labels.iter().all(|(key, value)| of.get(*key).is_some_and(|known| known == value));
        self.series
            .get(name)
            .and_then(|all| all.iter().find(|(of, _)| has(of)))
            .map_or(0.0, |(_, number)| *number)
    }

    /// The values of a label, in their order.
    pub(super) fn labels(&self, name: &str, label: &str) -> Vec<String> {
        self.series(name).into_iter().filter_map(|(labels, _)| labels.get(label).cloned()).collect()
    }

    /// Counters a second since `before`, or since the start. One that went back began anew.
    pub(super) fn since(&self, before: Option<&Self>, name: &str) -> Vec<(Labels, f64)> {
        let Some(before) = before else { return self.series(name) };
        let seconds = (self.at - before.at).as_secs_f64().max(0.001);
        let old = before.series(name);
        let rate = |(labels, now): (Labels, f64)| {
            let was = old.iter().find(|(known, _)| *known == labels).map_or(0.0, |(_, was)| *was);
            let more = if was <= now { now - was } else { now };
            (labels, more / seconds)
        };
        self.series(name).into_iter().map(rate).collect()
    }

    /// How many there were (a second), and the bounds within which these parts of them are.
    pub(super) fn quantiles<const N: usize>(
        &self,
        before: Option<&Self>,
        name: &str,
        (label, value): (&str, &str),
        parts: [f64; N],
    ) -> (f64, [Option<f64>; N]) {
        let all = self.since(before, &format!("{name}_bucket"));
        let mut buckets: Vec<(f64, f64)> = all
            .into_iter()
            .filter(|(labels, _)| labels.get(label).is_some_and(|known| known == value))
            .filter_map(|(labels, count)| {
                let bound = labels.get("le")?;
                Some((if bound == "+Inf" { f64::INFINITY } else { bound.parse().ok()? }, count))
            })
            .collect();
        buckets.sort_by(|one, two| one.0.total_cmp(&two.0));
        let count = buckets.last().map_or(0.0, |(_, count)| *count);
        let within = |part: f64| {
            let bucket = buckets.iter().find(|(_, within)| count > 0.0 && *within >= count * part);
            bucket.map(|(bound, _)| *bound)
        };
        (count, parts.map(within))
    }

    /// The same, as if it had been looked at later.
    #[cfg(test)]
    pub(super) fn later(self, by: Duration) -> Self {
        Self { at: self.at + by, ..self }
    }
}

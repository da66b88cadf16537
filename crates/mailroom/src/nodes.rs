//! Which processes serve, and how each of them is.

use std::time::Duration;

use mailward_mail::clock::Timestamp;
use mailward_store::{Node, Operator};

use crate::{Mailroom, Result};

/// How often a process says that it serves.
pub const BEAT: Duration = Duration::from_secs(10);
/// After so long without a word somebody should look: it was killed, or cannot reach the database.
const SILENT: Duration = Duration::from_secs(45);

/// How a process is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeState {
    /// It serves.
    Ready,
    /// It said that it cannot serve, and why, as `/readyz` names it.
    Unready(String),
    /// It was not heard of for a while.
    Silent,
}

impl NodeState {
    fn of(node: &Node, now: Timestamp) -> Self {
        match &node.unready {
            _ if node.seen_at < now.minus(SILENT) => Self::Silent,
            Some(why) => Self::Unready(why.clone()),
            None => Self::Ready,
        }
    }
}

impl Mailroom {
    /// Processes that serve, or were killed within a day.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn nodes(&self, operator: &Operator) -> Result<Vec<(Node, NodeState)>> {
        let now = self.0.clock.now();
        let nodes = operator.nodes().await?;
        Ok(nodes
            .into_iter()
            .map(|node| {
                let state = NodeState::of(&node, now);
                (node, state)
            })
            .collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_for_long_is_silent_whatever_it_said_last() {
        let node = |seen: i64, unready: Option<&str>| Node {
            id: "a".into(),
            name: "mx-1".into(),
            version: "1".into(),
            roles: "web".into(),
            started_at: Timestamp(0),
            seen_at: Timestamp(seen),
            unready: unready.map(str::to_owned),
        };
        let now = Timestamp(100_000);
        assert_eq!(NodeState::of(&node(60_000, None), now), NodeState::Ready);
        assert_eq!(NodeState::of(&node(60_000, Some("disk")), now), NodeState::Unready("disk".into()));
        assert_eq!(NodeState::of(&node(54_999, Some("disk")), now), NodeState::Silent);
    }
}

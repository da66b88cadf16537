//! What people decided, for who trains the scorer: names of rules and numbers, no text, no address.

use mailward_mail::clock::Timestamp;
use mailward_mail::id::{InboxId, MessageId};

use super::message::Decision;
use crate::db::on;
use crate::{Result, Scope};

/// One decision beside what the scorer had said.
pub struct DecisionRecord<'a> {
    /// On which mail.
    pub message: &'a MessageId,
    /// In which inbox.
    pub inbox: &'a InboxId,
    /// What was decided.
    pub decision: Decision,
    /// When.
    pub at: Timestamp,
    /// The key that decided.
    pub by: &'a str,
    /// `medium`, `high`, `unknown`.
    pub level: &'a str,
    /// 0 to 100.
    pub score: u8,
    /// Which scorer said so.
    pub model: &'a str,
    /// `rule:weight` of each finding, with spaces between.
    pub findings: &'a str,
    /// How the sender was authenticated.
    pub dmarc: &'a str,
    /// A keyed digest of the sender's domain.
    pub domain_digest: [u8; 16],
}

impl Scope {
    /// Keeps a decision, in the transaction that carries it out.
    pub async fn keep_decision(&mut self, record: &DecisionRecord<'_>) -> Result<()> {
        const SQL: &str = "INSERT INTO decision (tenant_id, message_id, inbox_id, decision, decided_at, decided_by, level,
            score, model, findings, dmarc, domain_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT DO NOTHING";
        on!(&mut self.tx, |conn| sqlx::query(SQL)
            .bind(self.tenant.as_str())
            .bind(record.message.as_str())
            .bind(record.inbox.as_str())
            .bind(match record.decision {
                Decision::Release => "release",
                Decision::Reject => "reject",
            })
            .bind(record.at.millis())
            .bind(record.by)
            .bind(record.level)
            .bind(i64::from(record.score))
            .bind(record.model)
            .bind(record.findings)
            .bind(record.dmarc)
            .bind(&record.domain_digest[..])
            .execute(conn)
            .await
            .map(drop))?;
        Ok(())
    }
}

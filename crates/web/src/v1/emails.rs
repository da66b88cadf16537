//! Delivered mail: listed and opened. What is held does not exist here.

use axum::Json;
use axum::extract::State;
use mailward_mail::clock::Timestamp;
use mailward_mail::id::{EventId, InboxId, MessageId};
use mailward_mailroom::{ListRequest, Mail, Meta, RecipientStatus};
use mailward_store::{Direction, OutgoingStatus, Scopes};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::safe::{SafeView, ShowOptions, Shown};
use super::send::RecipientView;
use crate::Web;
use crate::caller::Caller;
use crate::cursor::{self, Page};
use crate::problem::Problem;
use crate::query::{Ids, Limit, Moment, Query};

/// Which mails.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListOptions {
    /// 1 to 100.
    #[serde(default)]
    #[param(value_type = Option<u32>)]
    limit: Limit,
    /// Only what became available later, ISO 8601.
    #[param(value_type = Option<String>)]
    since: Option<Moment>,
    /// From the page before.
    cursor: Option<String>,
    /// Only what came, or what went.
    #[param(value_type = Option<String>)]
    direction: Option<Way>,
    /// Only from this address.
    from: Option<String>,
    /// Only of this injection risk.
    #[param(value_type = Option<String>)]
    risk: Option<Risk>,
    /// Only what was not opened yet.
    #[serde(default)]
    unread: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    Inbound,
    Outbound,
}

impl Way {
    pub(super) fn direction(self) -> Direction {
        match self {
            Self::Inbound => Direction::Inbound,
            Self::Outbound => Direction::Outbound,
        }
    }
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Risk {
    Low,
    Medium,
    High,
    Unknown,
}

/// A mail. Everything its sender wrote is untrusted.
#[derive(Serialize, ToSchema)]
#[schema(as = Email)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EmailView {
    id: String,
    inbox_id: String,
    /// Its place in the inbox; null while it is held.
    seq: Option<i64>,
    /// `inbound` or `outbound`.
    direction: &'static str,
    /// The bare address.
    from: String,
    /// The display name.
    from_name: Option<String>,
    to: Vec<String>,
    cc: Option<Vec<String>>,
    subject: String,
    preview: Option<String>,
    /// The text, when one mail was asked for.
    body: Option<String>,
    /// The HTML as it came, when one mail was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    html: Option<String>,
    /// The new text alone, without quotes and signatures, when one mail was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    extracted_text: Option<String>,
    is_read: bool,
    has_attachments: bool,
    /// The thread it belongs to.
    thread_id: Option<String>,
    attachments: Vec<AttachmentView>,
    security: SecurityView,
    /// Of outbound mail: how it fares.
    status: Option<&'static str>,
    /// Of outbound mail, when one was asked for: when it is to leave, while it waits for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    send_at: Option<String>,
    /// Of outbound mail, when one was asked for: how it fares with each recipient, hidden copies too.
    #[serde(skip_serializing_if = "Option::is_none")]
    recipients: Option<Vec<RecipientView>>,
    /// Whether a machine sent it by itself, so that nobody should answer.
    automated: bool,
    /// How that shows, where it does: `null_sender`, `auto_submitted`, `precedence`, `list`, `report`, `no_auto_reply`,
    /// `auto_reply_subject`, `own_message_id`.
    automated_reason: Option<String>,
    /// The address it came to, with its tag.
    delivered_to: String,
    /// What stood behind the `+` of that address.
    tag: Option<String>,
    /// The id of the event that told of it, where a poll answers: the same on every way it is delivered.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_id: Option<String>,
    /// When it became available.
    created_at: String,
    /// When it was received.
    received_at: Option<String>,
}

/// An attachment. Ask for its place in the list to get a link.
#[derive(Serialize, ToSchema)]
#[schema(as = Attachment)]
#[serde(rename_all = "camelCase")]
struct AttachmentView {
    filename: String,
    /// As the sender claims.
    content_type: String,
    size_bytes: u64,
    /// Opaque.
    s3_key: String,
}

/// How a mail was judged.
#[derive(Serialize, ToSchema)]
#[schema(as = Security)]
#[serde(rename_all = "camelCase")]
struct SecurityView {
    /// `low`, `medium`, `high` or `unknown`.
    injection_risk: &'static str,
    /// 0 to 100.
    injection_score: u8,
    /// 0 to 1.
    injection_risk_score: f64,
    /// Short words on what is notable.
    flags: Vec<String>,
    findings: Vec<FindingView>,
    /// `full` or `partial`.
    #[schema(value_type = String)]
    coverage: Value,
    /// Which scorer judged.
    model: String,
    #[schema(value_type = String)]
    spf: Value,
    #[schema(value_type = String)]
    dkim: Value,
    #[schema(value_type = String)]
    dmarc: Value,
    /// What in its header can be read in two ways.
    ambiguous: Vec<String>,
}

/// One reason of a score.
#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
struct FindingView {
    rule: String,
    weight: u8,
    r#where: String,
    excerpt: String,
}

/// Lists the mails of an inbox, newest first.
#[utoipa::path(get, path = "/v1/inboxes/{id}/emails", operation_id = "listEmails", tag = "emails",
    params(("id" = String, Path), ListOptions), responses((status = 200, body = Page<EmailView>)))]
pub(crate) async fn list(
    caller: Caller,
    State(web): State<Web>,
    Ids(inbox): Ids<InboxId>,
    Query(options): Query<ListOptions>,
) -> Result<Json<Page<EmailView>>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    let request = options.request()?;
    let page = web.room.list(principal, &inbox, &request).await?.ok_or_else(Problem::not_found)?;
    let cursor = page.next.map(|seq| cursor::write(&seq.to_string()));
    Ok(Json(Page { data: page.mails.into_iter().map(EmailView::of).collect(), cursor }))
}

/// Opens one mail, as it is or as a text for a prompt, and marks it as read.
#[utoipa::path(get, path = "/v1/inboxes/{id}/emails/{email}", operation_id = "getEmail", tag = "emails",
    params(("id" = String, Path), ("email" = String, Path), ShowOptions), responses((status = 200, body = Shown)))]
pub(crate) async fn show(
    caller: Caller,
    State(web): State<Web>,
    Ids((inbox, id)): Ids<(InboxId, MessageId)>,
    Query(options): Query<ShowOptions>,
) -> Result<Json<Shown>, Problem> {
    let principal = caller.need(Scopes::READ)?;
    if let Some(request) = options.safe()? {
        let mail = web.room.safe(principal, &inbox, &id, &request).await?;
        return Ok(Json(Shown::Safe(SafeView::of(mail.ok_or_else(Problem::not_found)?))));
    }
    let mail = web.room.open(principal, &inbox, &id).await?.ok_or_else(Problem::not_found)?;
    let recipients = match mail.message.direction {
        Direction::Inbound => None,
        Direction::Outbound => Some(web.room.recipients(principal, &inbox, &id).await?),
    };
    let send_at = match mail.message.status {
        Some(OutgoingStatus::Queued) => web.room.leaves_at(principal, &inbox, &id).await?,
        _ => None,
    };
    let view = EmailView::of(mail).with_recipients(recipients).leaving(send_at);
    Ok(Json(Shown::Whole(Box::new(view))))
}

impl ListOptions {
    fn request(self) -> Result<ListRequest, Problem> {
        Ok(ListRequest {
            onward: false,
            limit: self.limit.0,
            before: cursor::read(self.cursor.as_deref(), |place| place.parse().ok())?,
            after: None,
            since: self.since.map(|Moment(at)| at),
            direction: self.direction.map(Way::direction),
            from: self.from,
            risk: self.risk.map(|risk| match risk {
                Risk::Low => "low",
                Risk::Medium => "medium",
                Risk::High => "high",
                Risk::Unknown => "unknown",
            }),
            unread: self.unread,
        })
    }
}

impl EmailView {
    /// The same with how it fares with each recipient, of mail that goes.
    pub(crate) fn with_recipients(self, all: Option<Vec<RecipientStatus>>) -> Self {
        let recipients = all.map(|all| all.into_iter().map(RecipientView::from).collect());
        Self { recipients, ..self }
    }

    /// The same with when it is to leave.
    fn leaving(self, at: Option<Timestamp>) -> Self {
        Self { send_at: at.map(|at| at.to_string()), ..self }
    }

    pub(crate) fn of(mail: Mail) -> Self {
        let body = mail.body();
        let extracted_text = body.as_deref().map(|text| mailward_extract::new_text(text).into_owned());
        let html = mail.parsed.map(|parsed| parsed.html).filter(|html| !html.is_empty());
        let (message, meta) = (mail.message, mail.meta);
        let available = message.available_at.unwrap_or(message.received_at);
        Self {
            security: SecurityView::of(&meta),
            attachments: attachments(message.id.as_str(), &meta),
            has_attachments: !meta.attachments.is_empty(),
            id: message.id.into(),
            inbox_id: message.inbox.into(),
            seq: message.seq,
            direction: message.direction.as_str(),
            from: meta.from.address,
            from_name: present(meta.from.name),
            to: meta.to,
            cc: (!meta.cc.is_empty()).then_some(meta.cc),
            subject: meta.subject,
            preview: present(meta.preview),
            body,
            html,
            extracted_text,
            is_read: message.is_read,
            thread_id: message.thread.map(String::from),
            status: message.status.map(OutgoingStatus::as_str),
            send_at: None,
            recipients: None,
            automated: meta.automated.is_some(),
            automated_reason: meta.automated,
            delivered_to: meta.delivered_to,
            tag: meta.tag,
            event_id: None,
            created_at: available.to_string(),
            received_at: (message.direction == Direction::Inbound).then(|| message.received_at.to_string()),
        }
    }
}

impl EmailView {
    /// Whether a client should take care: the SDK's own bound.
    pub(super) fn is_injection_risk(&self) -> bool {
        self.security.injection_score >= 50
    }

    /// The same with the event that told of it.
    pub(crate) fn told_by(self, event: Option<EventId>) -> Self {
        Self { event_id: event.map(String::from), ..self }
    }
}

impl SecurityView {
    fn of(meta: &Meta) -> Self {
        let verdict = meta.verdict.as_ref();
        // Mail that nobody judged is not known to be harmless.
        let score = verdict.map_or(75, |verdict| verdict.score);
        let findings = verdict.iter().flat_map(|verdict| &verdict.findings).map(|finding| FindingView {
            rule: finding.rule.clone(),
            weight: finding.weight,
            r#where: finding.view.clone(),
            excerpt: finding.excerpt.clone(),
        });
        Self {
            injection_risk: verdict.map_or("unknown", |verdict| verdict.level.as_str()),
            injection_score: score,
            injection_risk_score: f64::from(score) / 100.0,
            flags: meta.flags(),
            findings: findings.collect(),
            coverage: verdict.map_or_else(|| "partial".into(), |verdict| word(&verdict.coverage)),
            model: verdict.map_or_else(String::new, |verdict| verdict.model.clone()),
            spf: word(&meta.auth.spf),
            dkim: word(&meta.auth.dkim),
            dmarc: word(&meta.auth.dmarc),
            ambiguous: meta.ambiguous.clone(),
        }
    }
}

fn attachments(message: &str, meta: &Meta) -> Vec<AttachmentView> {
    let each = meta.attachments.iter().enumerate().map(|(index, one)| AttachmentView {
        filename: one.filename.clone(),
        content_type: one.content_type.clone(),
        size_bytes: one.size,
        s3_key: format!("{message}/{index}"),
    });
    each.collect()
}

fn present(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

/// The word by which a value is written.
fn word(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or(Value::Null)
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use mailward_mail::clock::Timestamp;
    use mailward_mail::parsed::{Mailbox, Parsed};
    use mailward_mailroom::AttachmentMeta;
    use mailward_store::{Message, State as Held};
    use serde_json::json;

    use super::*;

    fn mail(verdict: Value) -> Mail {
        let message = Message {
            id: MessageId::parse("eml_00000000000000000000000000").expect("an id"),
            inbox: InboxId::parse("ibx_00000000000000000000000000").expect("an id"),
            seq: Some(3),
            direction: Direction::Inbound,
            state: Held::Delivered,
            version: 0,
            received_at: Timestamp(1_795_341_600_000),
            available_at: Some(Timestamp(1_795_341_601_000)),
            size: 100,
            is_read: false,
            thread: None,
            status: None,
            key_version: 1,
            dek: Vec::new(),
        };
        let meta = Meta {
            from: Mailbox { name: "Mia".into(), address: "mia@a.test".into() },
            to: vec!["agent@b.test".into()],
            subject: "Lunch?".into(),
            preview: "At noon.".into(),
            attachments: vec![AttachmentMeta {
                filename: "menu.pdf".into(),
                content_type: "application/pdf".into(),
                size: 9,
            }],
            verdict: serde_json::from_value(verdict).expect("a verdict"),
            delivered_to: "agent+x@b.test".into(),
            tag: Some("x".into()),
            ..Meta::default()
        };
        Mail { message, meta, parsed: None }
    }

    fn judged() -> Value {
        let finding = json!({"rule": "secrecy.user", "weight": 55, "view": "text", "start": 0, "end": 4, "excerpt": "psst"});
        json!({"score": 55, "level": "medium", "findings": [finding], "coverage": "full", "model": "rules-1"})
    }

    #[test]
    fn a_mail_in_a_list_has_the_shape_of_the_contract() {
        expect![[r#"{"id":"eml_00000000000000000000000000","inboxId":"ibx_00000000000000000000000000","seq":3,"direction":"inbound","from":"mia@a.test","fromName":"Mia","to":["agent@b.test"],"cc":null,"subject":"Lunch?","preview":"At noon.","body":null,"isRead":false,"hasAttachments":true,"threadId":null,"attachments":[{"filename":"menu.pdf","contentType":"application/pdf","sizeBytes":9,"s3Key":"eml_00000000000000000000000000/0"}],"security":{"injectionRisk":"medium","injectionScore":55,"injectionRiskScore":0.55,"flags":["secrecy"],"findings":[{"rule":"secrecy.user","weight":55,"where":"text","excerpt":"psst"}],"coverage":"full","model":"rules-1","spf":"none","dkim":"none","dmarc":"none","ambiguous":[]},"status":null,"automated":false,"automatedReason":null,"deliveredTo":"agent+x@b.test","tag":"x","createdAt":"2026-11-22T10:00:01.000Z","receivedAt":"2026-11-22T10:00:00.000Z"}"#]]
            .assert_eq(&serde_json::to_string(&EmailView::of(mail(judged()))).expect("JSON"));
    }

    #[test]
    fn an_opened_mail_has_its_text_and_its_html() {
        let parsed = Parsed { text: "At noon.".into(), html: "<p>At noon.".into(), ..Parsed::default() };
        let view = EmailView::of(Mail { parsed: Some(parsed), ..mail(judged()) });
        assert_eq!((view.body.as_deref(), view.html.as_deref()), (Some("At noon."), Some("<p>At noon.")));
    }

    #[test]
    fn mail_that_nobody_judged_is_not_harmless() {
        let view = EmailView::of(mail(Value::Null));
        assert_eq!((view.security.injection_risk, view.security.injection_score), ("unknown", 75));
    }
}

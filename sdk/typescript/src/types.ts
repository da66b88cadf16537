// What the service sends and takes. Interfaces have the names of the schemas of its OpenAPI document, with which a test
// compares their fields. Times are ISO 8601 in UTC.

export type InjectionRisk = "low" | "medium" | "high" | "unknown";

/** How a mail was judged. */
export interface Security {
  /** The level; `unknown` where it could not be judged, which is no good sign. */
  injectionRisk: InjectionRisk;
  /** 0 to 100. */
  injectionScore: number;
  /** 0 to 1. */
  injectionRiskScore: number;
  flags: string[];
  findings: Finding[];
  coverage: string;
  model: string;
  spf: string;
  dkim: string;
  dmarc: string;
  ambiguous: string[];
}

/** One reason of a score. */
export interface Finding {
  rule: string;
  weight: number;
  where: string;
  excerpt: string;
}

/** An attachment; its bytes are fetched by its place in the list. */
export interface Attachment {
  filename: string;
  /** As the sender claims. */
  contentType: string;
  sizeBytes: number;
}

export interface AttachmentLink {
  filename: string;
  contentType: string;
  sizeBytes: number;
  /** Works without a token until `expiresAt`. */
  downloadUrl: string;
  expiresAt: string;
}

/** A mail as the service sends it. */
export interface Email {
  id: string;
  inboxId: string;
  seq: number | null;
  direction: "inbound" | "outbound";
  from: string;
  fromName: string | null;
  to: string[];
  cc: string[] | null;
  subject: string;
  preview: string | null;
  body: string | null;
  html?: string;
  /** What is new in the text: without the mails it quotes and without its signature. */
  extractedText?: string;
  isRead: boolean;
  hasAttachments: boolean;
  threadId: string | null;
  attachments: Attachment[];
  security: Security;
  status: string | null;
  automated: boolean;
  createdAt: string;
  receivedAt: string | null;
}

/** A mail as one text for a prompt. */
export interface SafeEmail {
  id: string;
  inboxId: string;
  safeBody: string;
  /** Characters of the sender's text in all. */
  characters: number;
  /** Ask with this as `offset` for what follows; null: this was the end. */
  nextOffset: number | null;
  injectionRisk: string;
}

/** Mails that answer each other. */
export interface Thread {
  id: string;
  inboxId: string;
  subject: string;
  emailCount: number;
  lastEmailAt: string;
  createdAt: string;
}

export interface Inbox {
  id: string;
  address: string;
  displayName: string | null;
  domain: string;
  isActive: boolean;
  emailCount: number;
  expiresAt: string | null;
  createdAt: string;
  token?: string;
}

export interface CreateInbox {
  displayName?: string;
  /** The part before the `@`; one by chance when absent. */
  localPart?: string;
  domain?: string;
  /** Your own name for it: a second request with the same finds the first one's inbox. */
  clientId?: string;
  /** Seconds until it ends. */
  expiresIn?: number;
}

export interface ChangeInbox {
  displayName?: string;
  isActive?: boolean;
}

export interface Account {
  id: string;
  tier: number;
  tierName: string;
  limits: Record<string, number | boolean | null>;
  usage: Record<string, number>;
  createdAt: string;
  lastActiveAt: string;
}

export interface SignedUp {
  id: string;
  token: string;
}

export interface CreateKey {
  /** Bound to this inbox alone. */
  inboxId?: string;
  scopes?: string[];
  expiresAt?: string;
  name?: string;
  allowedCidrs?: string[];
}

export interface Key {
  id: string;
  name: string | null;
  prefix: string;
  last4: string;
  inboxId: string | null;
  scopes: string[];
  createdAt: string;
  expiresAt: string | null;
  lastUsedAt: string | null;
  /** Shown once: when it was made. */
  token?: string;
}

export interface RotateKey {
  /** How long the old secret works beside the new one. */
  overlapSeconds?: number;
}

export interface CreateWebhook {
  url: string;
  inboxId?: string;
  /** `email.received` when absent. */
  events?: string[];
  /** Headers to be sent along. */
  headers?: Record<string, string>;
  include?: "ids" | "summary" | "body";
}

export interface Webhook {
  id: string;
  url: string;
  inboxId: string | null;
  events: string[];
  include: string;
  isActive: boolean;
  createdAt: string;
  /** Shown once: when it was made. */
  secret?: string;
}

export interface Deleted {
  id: string;
  deleted: boolean;
}

/** A mail to be sent. */
export interface SendEmail {
  from: string;
  to: string[];
  cc?: string[];
  bcc?: string[];
  subject: string;
  body: SendBody;
  replyTo?: string;
  /** The id of the mail that is answered, or its Message-ID. */
  inReplyTo?: string;
  threadId?: string;
  attachments?: SendAttachment[];
  /** When it is to leave, at most 30 days ahead; at once without it. */
  sendAt?: string;
}

export interface SendBody {
  text: string;
  html?: string;
}

export interface SendAttachment {
  filename: string;
  contentType: string;
  /** Base64. */
  content: string;
}

/** A mail that was accepted. */
export interface Queued {
  id: string;
  status: string;
  /** When it is to leave, while it waits for that. */
  sendAt?: string;
}

/** A code to type, or a link that signs in or confirms: use it where you asked for it, nowhere else. */
export interface Code {
  code: string | null;
  link: string | null;
  /** 0.5 to 0.99. */
  confidence: number;
  emailId: string;
  from: string;
}

/** The facts in a mail. */
export interface Extraction {
  id: string;
  emailId: string;
  status: string;
  codes: ExtractedCode[];
  links: ExtractedLink[];
  contacts: ExtractedContact[];
  dates: ExtractedDate[];
  amounts: ExtractedAmount[];
  scheduling: ExtractedScheduling[];
  actions: ExtractedAction[];
  createdAt: string;
  completedAt: string | null;
}

export interface ExtractedCode {
  code: string;
  confidence: number;
}

export interface ExtractedLink {
  url: string;
  /** `magic_link` or `confirm_link`. */
  kind: string;
  confidence: number;
}

export interface ExtractedContact {
  name: string | null;
  email: string | null;
  phone: string | null;
  role: string | null;
  organization: string | null;
}

export interface ExtractedDate {
  value: string;
  label: string;
  isEstimate: boolean;
}

export interface ExtractedAmount {
  value: number;
  currency: string;
  label: string;
}

export interface ExtractedScheduling {
  eventType: string;
  startTime: string | null;
  endTime: string | null;
  location: string | null;
  attendees: string[];
  summary: string;
}

export interface ExtractedAction {
  type: string;
  description: string;
  url: string | null;
  deadline: string | null;
}

/** Something that happened, as the log and webhooks tell it. */
export interface Event {
  /** The same on every way it is delivered. */
  id: string;
  type: string;
  timestamp: string;
  inboxId: string | null;
  data: unknown;
}

/** Something that happened in an inbox, as streams tell it. */
export interface StreamEvent {
  id: string;
  inbox_id: string;
  event_type: string;
  timestamp: string;
  data: unknown;
}

export interface Redelivered {
  id: string;
  /** Endpoints that it is told to again. */
  webhooks: number;
}

export interface UsageByDay {
  inboxId: string | null;
  storedBytes: number;
  total: Used;
  days: UsageOfDay[];
}

export interface Used {
  received: number;
  held: number;
  sent: number;
  bounced: number;
  webhookAttempts: number;
  bytesStored: number;
}

/** What was used in a day, UTC. */
export interface UsageOfDay {
  date: string;
  received: number;
  held: number;
  sent: number;
  bounced: number;
  webhookAttempts: number;
  bytesStored: number;
}

export interface Domain {
  id: string;
  domain: string;
  /** `pending_verification`, `verified` or `failed`. */
  status: string;
  /** What its DNS must say. */
  dnsRecords: DnsRecord[];
  checkedAt: string | null;
  createdAt: string;
}

export interface DnsRecord {
  type: string;
  host: string;
  value: string;
  priority?: number;
  purpose: string;
  status: string;
  /** What stands there instead. */
  found?: string;
}

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

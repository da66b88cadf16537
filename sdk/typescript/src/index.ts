// The front door.

export { Mailward, type MailwardOptions, type SearchOptions } from "./client.js";
export { Email, type ReplyOptions, type SafeOptions } from "./email.js";
export * from "./errors.js";
export { Inbox, type ReceiveOptions, type SendOptions, type WaitForCodeOptions, type WaitOptions } from "./inbox.js";
export { operations, type Operation } from "./operations.js";
export { Page } from "./page.js";
export type { StreamOptions } from "./stream.js";
export type * as types from "./types.js";
export type { Account, Attachment, AttachmentLink, Code, Domain, Event, Extraction, InjectionRisk, Key, Queued, SafeEmail, Security, StreamEvent, Thread, UsageByDay, Webhook } from "./types.js";
export { verifyWebhook, type VerifyOptions, type WebhookEvent } from "./webhooks.js";

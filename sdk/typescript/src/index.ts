// The front door.

export { Mailward, type MailwardOptions, type SearchOptions } from "./client.js";
export { Email, type SafeOptions } from "./email.js";
export * from "./errors.js";
export { Inbox, type ReceiveOptions, type WaitOptions } from "./inbox.js";
export { operations, type Operation } from "./operations.js";
export { Page } from "./page.js";
export type * as types from "./types.js";
export type { Account, Attachment, AttachmentLink, InjectionRisk, Key, SafeEmail, Security, Thread, Webhook } from "./types.js";
export { verifyWebhook, type VerifyOptions, type WebhookEvent } from "./webhooks.js";

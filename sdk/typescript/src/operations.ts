// Every request that this client makes, by its name in the service's OpenAPI document, which a test compares it with.

/** A route and the names that its query may have. */
export interface Operation {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly query?: readonly string[];
}

export const operations = {
  signUp: { method: "POST", path: "/v1/signup" },
  getAccount: { method: "GET", path: "/v1/account" },
  createInbox: { method: "POST", path: "/v1/inboxes" },
  listInboxes: { method: "GET", path: "/v1/inboxes", query: ["limit", "cursor", "clientId", "address"] },
  getInbox: { method: "GET", path: "/v1/inboxes/{id}" },
  changeInbox: { method: "PATCH", path: "/v1/inboxes/{id}" },
  deleteInbox: { method: "DELETE", path: "/v1/inboxes/{id}" },
  listEmails: {
    method: "GET",
    path: "/v1/inboxes/{id}/emails",
    query: ["limit", "cursor", "since", "direction", "from", "risk", "unread"],
  },
  pollEmails: {
    method: "GET",
    path: "/v1/inboxes/{id}/emails/poll",
    query: ["timeout", "since", "after", "from", "subject"],
  },
  getEmail: {
    method: "GET",
    path: "/v1/inboxes/{id}/emails/{email}",
    query: ["view", "maxCharacters", "maxTokens", "offset"],
  },
  searchEmails: {
    method: "GET",
    path: "/v1/emails/search",
    query: ["q", "inboxId", "direction", "from", "since", "until", "hasAttachments", "limit", "cursor"],
  },
  listThreads: { method: "GET", path: "/v1/inboxes/{id}/threads", query: ["limit", "cursor"] },
  getThread: { method: "GET", path: "/v1/inboxes/{id}/threads/{thread}", query: ["limit", "cursor"] },
  getAttachment: { method: "GET", path: "/v1/inboxes/{id}/emails/{email}/attachments/{index}" },
  sendEmail: { method: "POST", path: "/v1/emails/send" },
  replyEmail: { method: "POST", path: "/v1/inboxes/{id}/emails/{email}/reply" },
  forwardEmail: { method: "POST", path: "/v1/inboxes/{id}/emails/{email}/forward" },
  cancelEmail: { method: "POST", path: "/v1/inboxes/{id}/emails/{email}/cancel" },
  waitForCode: { method: "GET", path: "/v1/inboxes/{id}/code", query: ["timeout", "from", "since"] },
  extractEmail: { method: "POST", path: "/v1/inboxes/{id}/emails/{email}/extract" },
  getExtraction: { method: "GET", path: "/v1/inboxes/{id}/emails/{email}/extraction" },
  streamEvents: { method: "GET", path: "/v1/inboxes/{id}/stream", query: ["after", "timeout"] },
  listEvents: { method: "GET", path: "/v1/events", query: ["after", "limit"] },
  redeliverEvent: { method: "POST", path: "/v1/events/{event}/redeliver" },
  getUsage: { method: "GET", path: "/v1/usage", query: ["from", "to", "inboxId"] },
  createDomain: { method: "POST", path: "/v1/domains" },
  listDomains: { method: "GET", path: "/v1/domains" },
  getDomain: { method: "GET", path: "/v1/domains/{id}" },
  verifyDomain: { method: "POST", path: "/v1/domains/{id}/verify" },
  deleteDomain: { method: "DELETE", path: "/v1/domains/{id}" },
  createKey: { method: "POST", path: "/v1/keys" },
  listKeys: { method: "GET", path: "/v1/keys" },
  revokeKey: { method: "DELETE", path: "/v1/keys/{id}" },
  rotateKey: { method: "POST", path: "/v1/keys/{id}/rotate" },
  createWebhook: { method: "POST", path: "/v1/webhooks" },
  listWebhooks: { method: "GET", path: "/v1/webhooks" },
  deleteWebhook: { method: "DELETE", path: "/v1/webhooks/{id}" },
} as const satisfies Record<string, Operation>;

export type OperationId = keyof typeof operations;

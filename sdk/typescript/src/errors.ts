// What can go wrong, a class for each kind of remedy.

/** What every failed call throws. */
export class MailwardError extends Error {
  /** The service's stable word for it, such as `not_found`; `connection_error` where no answer came. */
  readonly code: string;
  /** The HTTP status; undefined where no answer came. */
  readonly status: number | undefined;
  /** Names the request in the service's log. */
  readonly requestId: string | undefined;
  /** What to do next, in a sentence. */
  readonly fix: string | undefined;
  /** Seconds after which it makes sense to try again. */
  readonly retryAfter: number | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(details.fix ? `${message} (${details.fix})` : message, { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.status = details.status;
    this.requestId = details.requestId;
    this.fix = details.fix;
    this.retryAfter = details.retryAfter;
  }
}

export interface ErrorDetails {
  code: string;
  status?: number | undefined;
  requestId?: string | undefined;
  fix?: string | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** 400, 413, 415, 422: the request itself has to change. */
export class InvalidRequestError extends MailwardError {}
/** 401: no valid token. */
export class AuthenticationError extends MailwardError {}
/** 402: a quota is used up. */
export class QuotaError extends MailwardError {}
/** 403: the token or the plan does not allow it. */
export class PermissionError extends MailwardError {}
/** 404: it does not exist, or is somebody else's. */
export class NotFoundError extends MailwardError {}
/** 409: it does not go together with what is there. */
export class ConflictError extends MailwardError {}
/** 409: the address is taken. */
export class AddressCollisionError extends ConflictError {}
/** 423: the inbox or the tenant is stopped. */
export class LockedError extends MailwardError {}
/** 429: too often; `retryAfter` says when again. */
export class RateLimitError extends MailwardError {}
/** 5xx: the service could not; the same call may work later. */
export class ServiceError extends MailwardError {}
/** No whole answer came: refused, cut off, or too late. */
export class ConnectionError extends MailwardError {}
/** A webhook call whose signature does not hold, or that is too old. */
export class SignatureError extends MailwardError {}

/** The error of an answer. */
export function errorOf(status: number, body: unknown, retryAfter: number | undefined): MailwardError {
  const said = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const text = (key: string) => (typeof said[key] === "string" ? (said[key] as string) : undefined);
  const code = text("error") ?? `http_${status}`;
  const kind = kinds[status] ?? (status >= 500 ? ServiceError : InvalidRequestError);
  const details = { code, status, requestId: text("requestId"), fix: text("fix"), retryAfter };
  const message = text("message") ?? `the service answered ${status}`;
  return code === "address_collision" ? new AddressCollisionError(message, details) : new kind(message, details);
}

const kinds: Record<number, typeof MailwardError> = {
  401: AuthenticationError,
  402: QuotaError,
  403: PermissionError,
  404: NotFoundError,
  409: ConflictError,
  423: LockedError,
  429: RateLimitError,
};

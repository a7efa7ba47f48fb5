// Everything that this package throws, except what an AbortSignal of the caller's gives as reason.

/** The base of all errors here; `code` is for programs, `message` for people. */
export class NeoComputeError extends Error {
  /** What went wrong: one word, the same in every version. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = code;
  }
}

/**
 * No answer came: `code` is `network`, `cause` what `fetch` said. Or one that cannot be read:
 * `too_large`, `malformed`.
 */
export class NetworkError extends NeoComputeError {}

/** The service refused: `code` is its `error_code`, such as `user_queue_full`. */
export class RequestError extends NeoComputeError {
  /** HTTP status; of a sealed call the one inside the sealed answer. */
  readonly status: number;
  /** The field, header or parameter at fault, if there is one. */
  readonly field: string | undefined;
  /** Names the request in the service's log. */
  readonly traceId: string | undefined;
  /** Seconds after which to try again, if the service said. */
  readonly retryAfter: number | undefined;

  constructor(status: number, problem: { readonly [name: string]: unknown }, retryAfter?: number) {
    super(String(problem.error_code ?? `http_${status}`),
      String(problem.message ?? problem.title ?? `the service answered ${status}`));
    this.status = status;
    this.field = typeof problem.field === 'string' ? problem.field : undefined;
    this.traceId = typeof problem.trace_id === 'string' ? problem.trace_id : undefined;
    this.retryAfter = retryAfter;
  }
}

/**
 * The service's keys cannot be trusted under the caller's policy. Nothing was sent to them. `code`:
 * `no_policy`, `malformed`, `claims`, `version`, `identity`, `statement`, `evidence`, `simulation`.
 */
export class TrustError extends NeoComputeError {}

/** One thing that was looked at. */
export interface Check {
  /** Its name: the refusal that it gives, such as `signature` or `input`. */
  readonly name: string;
  readonly ok: boolean;
  /** What was found, in a sentence. */
  readonly text: string;
}

/**
 * A receipt does not prove what the caller expects. `code` is the first check that failed, `checks`
 * holds all that were made.
 */
export class ReceiptError extends NeoComputeError {
  readonly checks: readonly Check[];

  constructor(code: string, message: string, checks: readonly Check[]) {
    super(code, message);
    this.checks = checks;
  }
}

/**
 * A sealed call cannot be made, or its answer does not open (`code` `answer`), or is not sealed
 * (`not_sealed`), or the service has no key that this client speaks (`no_key`).
 */
export class SealError extends NeoComputeError {}

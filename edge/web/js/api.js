// Calls to the services through the gateway.
//
// Errors:
//   Problem      the service (or the gateway) said no: RFC 9457
//   Unreachable  no answer: the network, or 10 seconds are over; what was asked for may have happened

import { accessToken, renewed, sessionLost } from "./auth.js";
import { isNetworkError, reached, unreached } from "./net.js";

const TIMEOUT_MS = 10_000;

/**
 * An answer of 400 or above. `currentStatus` names the state that stood in the way, or null;
 * `retryAfterS` is how long to wait before another try, 0 where nothing was said.
 */
export class Problem extends Error {
  constructor({ status, detail, currentStatus = null, retryAfterS = 0 }) {
    super(`${status}: ${detail}`);
    this.status = status;
    this.detail = detail;
    this.currentStatus = currentStatus;
    this.retryAfterS = retryAfterS;
  }
}

/** No answer came. */
export class Unreachable extends Error {
  retryAfterS = 0;
}

/**
 * Ask for something. A token that is refused is renewed once.
 * @param {string} method
 * @param {string} path
 * @param {{body?: object, headers?: Record<string, string>, signal?: AbortSignal}} [options]
 * @returns {Promise<any>} the JSON of the answer
 * @throws {Problem | Unreachable} and the signal's AbortError
 */
export async function call(method, path, options = {}) {
  const answer = await authorized((headers) => send(method, path, headers, options));
  return reading(path, () => answer.json());
}

/** GET for a view that may go away: see `call`. */
export function get(path, signal) {
  return call("GET", path, { signal });
}

/**
 * Send with the token, and once more with a fresh one where it is refused.
 * @param {(headers: Record<string, string>) => Promise<Response>} sendWith
 * @returns {Promise<Response>} an answer below 400
 * @throws {Problem | Unreachable}
 */
export async function authorized(sendWith) {
  const token = await accessToken();
  let answer = await sendWith(bearer(token));
  if (answer.status === 401 && token) {
    const fresh = await renewed(token);
    if (fresh) answer = await sendWith(bearer(fresh));
    if (answer.status === 401) sessionLost();
  }
  if (!answer.ok) throw await problemOf(answer);
  return answer;
}

/**
 * `fetch`, with its network errors told as `Unreachable`.
 * @throws {Unreachable} and AbortError where it was called off
 */
export async function reach(path, init) {
  const answer = await reading(path, () => fetch(path, init));
  reached();
  return answer;
}

/**
 * Read from the network, with its errors told as `Unreachable`.
 * @template T
 * @param {string} path
 * @param {() => Promise<T>} read
 * @returns {Promise<T>}
 * @throws {Unreachable} and AbortError where it was called off
 */
export async function reading(path, read) {
  try {
    return await read();
  } catch (error) {
    if (!isNetworkError(error)) throw error;
    unreached();
    throw new Unreachable(path, { cause: error });
  }
}

function send(method, path, headers, { body, headers: more, signal }) {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const init = {
    method,
    headers: { accept: "application/json", ...headers, ...more },
    signal: signal ? AbortSignal.any([signal, limit]) : limit,
    cache: "no-store",
  };
  if (body !== undefined) {
    init.headers["content-type"] = "application/json";
    init.body = JSON.stringify(body);
  }
  return reach(path, init);
}

function bearer(token) {
  return token ? { authorization: `Bearer ${token}` } : {};
}

async function problemOf(answer) {
  const isJson = answer.headers.get("content-type")?.includes("json");
  const told = isJson ? await reading(answer.url, () => answer.json()) : {};
  return new Problem({
    status: answer.status,
    detail: typeof told.detail === "string" ? told.detail : "",
    currentStatus: told.current_status ?? null,
    retryAfterS: Number(answer.headers.get("retry-after")) || 0,
  });
}

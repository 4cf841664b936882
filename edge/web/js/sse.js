// Server-sent events over fetch: EventSource can send neither a token nor look at a refusal.

import { authorized, Problem, reach, reading, Unreachable } from "./api.js";
import { backoffMs, net, reached } from "./net.js";

const SILENCE_MS = 45_000;
const LONGEST_WAIT_MS = 5000;
const BUFFER_LIMIT = 4_000_000;
/** With these, another try would be answered the same way. */
const FINAL = [401, 403, 404];

/**
 * Make a parser of the text/event-stream format (WHATWG HTML, 9.2.6).
 * @param {(frame: {id: string | null, event: string, data: string}) => void} onFrame
 * @returns {(text: string) => void} feed it the text as it comes, cut anywhere
 * @throws {RangeError} from the feed, when a line or a frame has more than 4,000,000 characters
 */
export function createParser(onFrame) {
  let rest = "";
  let frame = { id: null, event: "message", data: [] };
  const take = (line) => {
    if (line === "") {
      if (frame.data.length) onFrame({ ...frame, data: frame.data.join("\n") });
      frame = { id: null, event: "message", data: [] };
      return;
    }
    const [, field, value] = /^([^:]*)(?:: ?)?(.*)$/s.exec(line);
    if (field === "data") frame.data.push(value);
    else if (field === "id" || field === "event") frame[field] = value;
  };
  return (text) => {
    // A lone CR at the end may be half of a CRLF.
    const lines = (rest + text).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) take(line);
    if (rest.length + frame.data.join("").length > BUFFER_LIMIT) throw new RangeError("too long");
  };
}

/**
 * Follow a stream until stopped: reconnects with `Last-Event-ID`, a fresh token and growing pauses.
 * @param {string} path
 * @param {{onEvent: (event: string, data: any) => void,
 *   onState: (state: "live" | "waiting" | "refused", error?: Error) => void}} listener
 *   "waiting": the connection was lost or not to be had, another try follows; "refused": none does
 * @returns {{stop: () => void, pause: () => void, resume: () => void}}
 */
export function follow(path, listener) {
  const stream = { path, listener, lastId: null, attempt: 0, stopped: false, paused: false };
  const forget = net.subscribe(({ online }) => online && stream.wake?.());
  stream.done = run(stream);
  return {
    stop() {
      forget();
      halt(stream, "stopped");
    },
    pause: () => halt(stream, "paused"),
    resume() {
      if (!stream.paused || stream.stopped) return;
      stream.paused = false;
      stream.attempt = 0;
      stream.done = stream.done.then(() => run(stream));
    },
  };
}

function halt(stream, how) {
  stream[how] = true;
  stream.leaving?.abort();
  stream.wake?.();
}

async function run(stream) {
  while (!isLeft(stream)) {
    const pauseMs = await connect(stream);
    if (pauseMs === null) return;
    if (!isLeft(stream)) await pause(stream, pauseMs);
  }
}

function isLeft(stream) {
  return stream.stopped || stream.paused;
}

/** One connection from its beginning to its end; answers the pause before the next, or null. */
async function connect(stream) {
  const leaving = (stream.leaving = new AbortController());
  stream.silence = new AbortController();
  try {
    await readAll(stream, await opened(stream));
  } catch (error) {
    // The signal tells of this connection; the stream may have been resumed in the meantime.
    return leaving.signal.aborted ? null : afterFailure(stream, error);
  }
  if (!isLeft(stream)) stream.listener.onState("waiting");
  return backoffMs(stream.attempt++, LONGEST_WAIT_MS);
}

function afterFailure(stream, error) {
  const isKnown = error instanceof Problem || error instanceof Unreachable;
  const isFinal = !isKnown || FINAL.includes(error.status);
  stream.listener.onState(isFinal ? "refused" : "waiting", error);
  if (!isKnown) throw error;
  if (isFinal) return null;
  return Math.max(error.retryAfterS * 1000, backoffMs(stream.attempt++, LONGEST_WAIT_MS));
}

function opened(stream) {
  const { path, lastId, leaving, silence } = stream;
  const resume = lastId === null ? {} : { "last-event-id": lastId };
  return authorized((headers) => {
    const init = {
      headers: { accept: "text/event-stream", ...headers, ...resume },
      signal: AbortSignal.any([leaving.signal, silence.signal]),
      cache: "no-store",
    };
    return within(silence, reach(path, init));
  });
}

async function readAll(stream, answer) {
  const feed = createParser(({ id, event, data }) => {
    if (id !== null) stream.lastId = id;
    stream.attempt = 0;
    stream.listener.onEvent(event, JSON.parse(data));
  });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  stream.listener.onState("live");
  for (;;) {
    const { done, value } = await within(
      stream.silence,
      reading(stream.path, () => reader.read()),
    );
    if (done) return;
    reached();
    feed(value);
  }
}

/** Give up on a connection that is silent for too long: heartbeats come every 15 seconds. */
async function within(silence, promise) {
  const timer = setTimeout(() => silence.abort(new DOMException("silent", "TimeoutError")), SILENCE_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
  }
}

function pause(stream, ms) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    stream.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}

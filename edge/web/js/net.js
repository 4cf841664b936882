// Whether the gateway can be reached. While it cannot, it is asked again until it answers.

import { createStore } from "./store.js";

const FIRST_MS = 1000;
const LONGEST_MS = 10_000;

/** `{online, since}`: while away, `since` is when the last answer came (ms since the epoch). */
export const net = createStore({ online: true, since: Date.now() });

let lastAnswerAt = Date.now();
let timer = 0;

/** Say that an answer came, whatever it said. Whether there is a network, the browser knows. */
export function reached() {
  clearTimeout(timer);
  timer = 0;
  lastAnswerAt = Date.now();
  if (!net.get().online && navigator.onLine) net.set({ online: true, since: lastAnswerAt });
}

/** Say that no answer came. */
export function unreached() {
  if (net.get().online) net.set({ online: false, since: lastAnswerAt });
  if (!timer) timer = setTimeout(probe, FIRST_MS, FIRST_MS);
}

/**
 * A waiting time in ms that doubles with each attempt, half of it by chance, so that many browsers
 * do not come back at once.
 * @param {number} attempt from 0
 * @param {number} longestMs
 */
export function backoffMs(attempt, longestMs) {
  const whole = Math.min(longestMs, 500 * 2 ** Math.min(attempt, 10));
  return whole / 2 + (Math.random() * whole) / 2;
}

async function probe(waitedMs) {
  timer = 0;
  try {
    await fetch("/config.json", { cache: "no-store", signal: AbortSignal.timeout(5000) });
    reached();
  } catch (error) {
    if (!isNetworkError(error)) throw error;
    const next = Math.min(LONGEST_MS, waitedMs * 2);
    timer = setTimeout(probe, next, next);
  }
}

/** Tell a fetch that failed or took too long from one that was called off, and from a bug. */
export function isNetworkError(error) {
  const isTooLate = error instanceof DOMException && error.name === "TimeoutError";
  return error instanceof TypeError || isTooLate;
}

window.addEventListener("offline", unreached);
window.addEventListener("online", () => {
  clearTimeout(timer);
  probe(FIRST_MS);
});
if (!navigator.onLine) unreached();

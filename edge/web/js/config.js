// What the gateway tells this app: where to sign in, and where traces and logs are shown.

import { isNetworkError } from "./net.js";

let links = { traces: null, logs: null };

/**
 * Read the settings.
 * @returns {Promise<{identity: string, client_id: string} | null>} null when they are not to be had
 */
export async function loadConfig() {
  try {
    const answer = await fetch("/config.json");
    if (!answer.ok) return null;
    const config = await answer.json();
    links = config.links;
    return config;
  } catch (error) {
    if (!isNetworkError(error)) throw error;
    return null;
  }
}

/** The address of a trace, or null where none is configured. */
export function traceLink(traceId) {
  return links.traces?.replace("{trace_id}", encodeURIComponent(traceId)) ?? null;
}

/** The address of an order's log lines, or null where none is configured. */
export function logsLink(orderId) {
  return links.logs?.replace("{order_id}", encodeURIComponent(orderId)) ?? null;
}

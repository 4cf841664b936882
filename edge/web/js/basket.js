// The basket, and placing it: one key per order, kept until the answer to it is known.

import { call, Problem, Unreachable } from "./api.js";
import { backoffMs } from "./net.js";
import { createStore, createTabStore } from "./store.js";

const TRIES = 5;
const LONGEST_WAIT_MS = 8000;
/** With these nothing was ordered, and the same request will not be either. */
const FINAL = [400, 403, 404, 409, 413, 422];

/** Most of one drink in an order. */
export const MOST_OF_ONE = 20;

/** `{cafe_id, lines: Record<menu_id, quantity>} | null` */
export const basket = createTabStore("cafe.basket", null);

/** An order whose answer is not known: `{key, sub, body} | null`. */
export const unanswered = createTabStore("cafe.unanswered-order", null);

/** `{attempt}` while an order is under way, from 1; else null. */
export const sending = createStore(null);

/**
 * Set how many of a drink are wanted; a drink of another cafe begins a new basket.
 * @param {string} cafeId
 * @param {string} menuId
 * @param {number} quantity 0 takes the drink out
 */
export function want(cafeId, menuId, quantity) {
  const now = basket.get();
  const lines = now?.cafe_id === cafeId ? { ...now.lines } : {};
  if (quantity > 0) lines[menuId] = Math.min(quantity, MOST_OF_ONE);
  else delete lines[menuId];
  basket.set(Object.keys(lines).length ? { cafe_id: cafeId, lines } : null);
}

/** How many of a drink are in the basket. */
export function wanted(now, cafeId, menuId) {
  return now?.cafe_id === cafeId ? (now.lines[menuId] ?? 0) : 0;
}

/** How many drinks are in the basket. */
export function countOf(now) {
  return now ? Object.values(now.lines).reduce((sum, each) => sum + each, 0) : 0;
}

/**
 * Order; while an order is under way, this is that order.
 * @param {string} sub who orders
 * @param {object} body as `POST /orders` takes it
 * @returns {Promise<{order_id: string}>}
 * @throws {Problem} refused; or not answered well (429, 5xx): then `unanswered` is kept
 * @throws {Unreachable} not answered: `unanswered` is kept
 */
export function place(sub, body) {
  if (!unanswered.get()) unanswered.set({ key: crypto.randomUUID(), sub, body });
  return placeAgain();
}

let underWay = null;

/** Send the unanswered order again, with its key: it is placed once, however often it arrives. */
export function placeAgain() {
  underWay ??= repeated(unanswered.get()).finally(() => {
    underWay = null;
    sending.set(null);
  });
  return underWay;
}

/** Give up on an unanswered order: it may have been placed. */
export function giveUp() {
  unanswered.set(null);
}

/** Drop what another person has left in this tab. */
export function keepFor(sub) {
  if (unanswered.get() && unanswered.get().sub !== sub) unanswered.set(null);
}

async function repeated({ key, body }) {
  for (let attempt = 1; ; attempt++) {
    sending.set({ attempt });
    try {
      const order = await call("POST", "/orders", { body, headers: { "idempotency-key": key } });
      unanswered.set(null);
      basket.set(null);
      return order;
    } catch (error) {
      if (error instanceof Problem && FINAL.includes(error.status)) unanswered.set(null);
      if (!isPassing(error) || attempt === TRIES) throw error;
      const askedFor = error.retryAfterS * 1000;
      const waitMs = Math.max(Math.min(askedFor, LONGEST_WAIT_MS), backoffMs(attempt, LONGEST_WAIT_MS));
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
}

function isPassing(error) {
  return error instanceof Unreachable || (error instanceof Problem && error.status >= 500);
}

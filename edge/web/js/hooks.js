// How views get what they show: once, every few seconds, or live.

import { useEffect, useReducer, useRef, useState } from "../vendor/htm-preact.js";
import { get, Problem, Unreachable } from "./api.js";
import { follow } from "./sse.js";

const POLL_MS = 5000;

/**
 * Tell errors a person is told about from bugs.
 * @returns {error is Problem | Unreachable}
 */
export function isExpected(error) {
  return error instanceof Problem || error instanceof Unreachable;
}

/**
 * Load something when the view appears and when `deps` change. What was there stays while it is
 * loaded again, and when that fails.
 * @template T
 * @param {(signal: AbortSignal) => Promise<T>} load
 * @param {any[]} deps
 * @returns {{data: T | null, error: Error | null, reload: () => void, setData: (data: T) => void,
 *   isLoading: () => boolean}}
 */
export function useLoad(load, deps) {
  const [state, setState] = useState({ data: null, error: null });
  const [turn, reload] = useReducer((n) => n + 1, 0);
  const underWay = useRef(null);
  useEffect(() => {
    const leaving = (underWay.current = new AbortController());
    const settle = (next) => leaving.signal.aborted || setState(next);
    const ended = () => {
      if (underWay.current === leaving) underWay.current = null;
    };
    load(leaving.signal)
      .finally(ended)
      .then(
        (data) => settle({ data, error: null }),
        (error) => {
          if (leaving.signal.aborted) return;
          if (!isExpected(error)) throw error;
          setState((old) => ({ data: old.data, error }));
        },
      );
    return () => leaving.abort();
  }, [...deps, turn]);
  const setData = (data) => setState({ data, error: null });
  return { ...state, reload, setData, isLoading: () => underWay.current !== null };
}

/** `useLoad`, and again every 5 seconds while the page is visible; one load at a time. */
export function usePolled(load, deps) {
  const { isLoading, ...loaded } = useLoad(load, deps);
  useEffect(() => {
    // A load that takes longer than the pause goes on to its end.
    const timer = setInterval(() => document.hidden || isLoading() || loaded.reload(), POLL_MS);
    return () => clearInterval(timer);
  }, []);
  return loaded;
}

/**
 * A list, polled: its first page, and with each `more` one page further. All that is shown is read
 * again each time, so nothing of it is older than the rest.
 * @param {string} path of the list
 * @returns as `usePolled` with the items as data, and `next` and `more` as `useMore`
 */
export function usePolledList(path) {
  const [wanted, setWanted] = useState(1);
  const list = usePolled((signal) => readPages(path, wanted, signal), [path, wanted]);
  const { items = null, next = null, pages = 0 } = list.data ?? {};
  return { ...list, data: items, next, more: async () => setWanted(pages + 1) };
}

/**
 * The first pages of a list in one.
 * @param {string} path
 * @param {number} most so many pages at the most
 * @param {AbortSignal} signal
 * @returns {Promise<{items: any[], next: string | null, pages: number}>} how many pages were read
 * @throws {Problem | Unreachable}
 */
export async function readPages(path, most, signal) {
  const items = [];
  for (let next = "", pages = 0; ; ) {
    const page = await get(next ? after(path, next) : path, signal);
    items.push(...page.items);
    next = page.next;
    pages += 1;
    if (next === null || pages >= most) return { items, next, pages };
  }
}

function after(path, cursor) {
  return `${path}${path.includes("?") ? "&" : "?"}cursor=${encodeURIComponent(cursor)}`;
}

/** `useLoad` of one GET. */
export function useGet(path) {
  return useLoad((signal) => get(path, signal), [path]);
}

/**
 * The pages of a list behind its first one, as they are asked for.
 * @param {string} path of the list
 * @param {string | null} next the cursor that came with the first page
 * @returns {{items: any[], next: string | null, more: () => Promise<void>}}
 *   `more` fails with a `Problem` or `Unreachable`
 */
export function useMore(path, next) {
  const [older, setOlder] = useState({ items: [], next: null, asked: false });
  // Once more was asked for, a newer first page does not move the place to go on from.
  const cursor = older.asked ? older.next : next;
  const more = async () => {
    const page = await get(after(path, cursor));
    setOlder({ items: [...older.items, ...page.items], next: page.next, asked: true });
  };
  return { items: older.items, next: cursor, more };
}

/**
 * The time now in ms, told again every `everyMs`.
 * @param {number} everyMs
 */
export function useNow(everyMs) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/**
 * Follow a list: its first page, then each change. Items with `waiting_s` get `waitsSince` (ms).
 * @param {string} path of the stream
 * @param {{whileHidden?: boolean, onPage?: (item: any, isNew: boolean) => void}} [options]
 *   `whileHidden`: go on in a tab nobody looks at; a browser has few connections to share
 * @returns {{items: any[] | null, next: string | null, state: "connecting" | "live" | "waiting" |
 *   "refused", since: number | null, error: Error | null, put: (patch: any) => void}}
 *   `since` (ms): the last time the list was known to be right; `put` shows a change to an item
 *   (known by order_id) before the stream tells of it
 */
export function useLive(path, { whileHidden = false, onPage } = {}) {
  const [list, change] = useReducer(changed, EMPTY);
  const told = useRef(onPage);
  told.current = onPage;
  // What is there at first is not new; a later snapshot may bring what came in between.
  const known = useRef({ path, ids: null });
  if (known.current.path !== path) known.current = { path, ids: null };
  useEffect(() => {
    const stream = follow(path, {
      onState: (state, error = null) => change({ kind: "state", state, error, at: Date.now() }),
      onEvent(event, data) {
        // A page has `items` too: its drinks.
        const pages = { snapshot: data.items, page: [data] }[event] ?? [];
        const isFirst = known.current.ids === null;
        const ids = (known.current.ids ??= new Set());
        for (const page of pages) {
          if (!isFirst) told.current?.(page, !ids.has(page.order_id));
          ids.add(page.order_id);
        }
        change({ kind: event, data, at: Date.now() });
      },
    });
    const look = () => (document.hidden && !whileHidden ? stream.pause() : stream.resume());
    document.addEventListener("visibilitychange", look);
    look();
    return () => {
      document.removeEventListener("visibilitychange", look);
      stream.stop();
    };
  }, [path, whileHidden]);
  return { ...list, put: (data) => change({ kind: "put", data }) };
}

const EMPTY = { items: null, next: null, state: "connecting", since: null, error: null };

function changed(list, { kind, data, at, state, error }) {
  const others = () => (list.items ?? []).filter((each) => each.order_id !== data.order_id);
  switch (kind) {
    case "state": {
      const since = list.state === "live" ? at : list.since;
      return { ...list, state, error, since };
    }
    case "snapshot": {
      const items = data.items.map((each) => timed(each, at));
      return { ...list, items, next: data.next, since: at, error: null };
    }
    case "page":
      return { ...list, items: [...others(), timed(data, at)], since: at };
    case "put": {
      const put = (each) => (each.order_id === data.order_id ? { ...each, ...data } : each);
      return { ...list, items: list.items.map(put) };
    }
    case "gone":
      return { ...list, items: others(), since: at };
    default:
      return list;
  }
}

function timed(item, at) {
  return "waiting_s" in item ? { ...item, waitsSince: at - item.waiting_s * 1000 } : item;
}

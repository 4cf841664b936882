// The parts that every view is made of.

import { html, useEffect, useLayoutEffect, useRef, useState } from "../vendor/htm-preact.js";
import { Problem } from "./api.js";
import { isExpected, useNow } from "./hooks.js";
import { durationText, of, t, timeText } from "./i18n.js";
import { net } from "./net.js";
import { place } from "./router.js";
import { createStore, useStore } from "./store.js";

/** States of a dead letter in which only the detail tells why a replay was in vain. */
const OPEN_LETTER = ["WAITING", "RETRYING"];

/** What a screen reader is to say next. */
export const announcement = createStore("");

/** The few characters that people call an order by. */
export function shortId(orderId) {
  return orderId.slice(-4).toUpperCase();
}

/** The view's one h1; takes the focus when the view is come to, and names the page. */
export function Heading({ children }) {
  const heading = useRef(null);
  useEffect(() => {
    if (place.get().moves) heading.current.focus();
  }, []);
  useEffect(() => {
    document.title = `${heading.current.textContent} · ${t("app.name")}`;
  });
  return html`<h1 tabindex="-1" ref=${heading}>${children}</h1>`;
}

/**
 * What went wrong as a sentence a person can use; the service's own words second.
 * @param {Error} error a `Problem` or `Unreachable`
 * @returns {{sentence: string, detail: string}}
 */
function explained(error) {
  if (!(error instanceof Problem)) return { sentence: t("error.unreachable"), detail: "" };
  if (OPEN_LETTER.includes(error.currentStatus)) return { sentence: "", detail: error.detail };
  if (error.currentStatus) {
    const state = of("state", error.currentStatus);
    return { sentence: t("error.now", { state }), detail: "" };
  }
  const kind = error.status >= 500 ? "5xx" : error.status;
  const known = t(`error.${kind}`);
  const sentence = known === `error.${kind}` ? t("error.other") : known;
  return { sentence, detail: error.detail };
}

/** An error as a sentence, about `what` where that is not plain. */
export function Sentence({ what, error }) {
  const { sentence, detail } = explained(error);
  return html`<p>
    ${what && html`<b>${what}</b>`} ${sentence} ${detail && html`<span lang="en">${detail}</span>`}
  </p>`;
}

/** An error, with a way to try again. */
export function Trouble({ what, error, retry }) {
  return html`<div class="note bad" role="alert">
    <${Sentence} what=${what} error=${error} />
    ${retry && html`<button type="button" onClick=${retry}>${t("again")}</button>`}
  </div>`;
}

/** The button for what `useMore` has not asked for yet. */
export function More({ from }) {
  const [error, setError] = useState(null);
  if (!from.next) return null;
  return html`
    ${error && html`<${Trouble} error=${error} />`}
    <${Action} run=${from.more} onProblem=${setError}>${t("orders.more")}<//>
  `;
}

/** Something is on its way. */
export function Loading() {
  return html`<p class="loading" role="status">${t("loading")}</p>`;
}

/** Nothing is there, and that is fine. */
export function Empty({ children }) {
  return html`<p class="empty">${children}</p>`;
}

/** What `useLoad` gave: loading, failed, or there; with both, what was there stays. */
export function Loaded({ from, children }) {
  const { data, error, reload } = from;
  return html`
    ${error && html`<${Trouble} error=${error} retry=${reload} />`}
    ${data === null && !error && html`<${Loading} />`}
    ${data !== null && children(data)}
  `;
}

/** What `useLive` gave, the same way, and whether it is live. */
export function Live({ from, children }) {
  const { items, state, error } = from;
  const failed = error && (state === "refused" || items === null);
  return html`
    <${Liveness} state=${state} since=${from.since} />
    ${failed && html`<${Trouble} error=${error} />`}
    ${items === null && !failed && html`<${Loading} />`}
    ${items !== null && children(items)}
  `;
}

function Liveness({ state, since }) {
  const connection = useStore(net);
  const isCut = state === "live" && !connection.online;
  const shown = isCut ? "waiting" : state;
  const time = isCut ? connection.since : since;
  return html`<p class="live ${shown}" role="status" data-testid="live">
    ${shown === "waiting" && time ? t("live.since", { time: timeText(time) }) : t(`live.${shown}`)}
  </p>`;
}

/**
 * A button for something that takes time: pressed twice, it is done once.
 * `run` may fail with a `Problem` or `Unreachable`, which goes to `onProblem`.
 */
export function Action({ run, onProblem, children, ...rest }) {
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  const press = async () => {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    try {
      await run();
    } catch (error) {
      if (!isExpected(error)) throw error;
      onProblem(error);
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return html`<button type="button" aria-disabled=${busy} onClick=${press} ...${rest}>${children}</button>`;
}

/** A question in front of the page; Escape and `onClose` leave it. */
export function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  useLayoutEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby="dialog-title" onClose=${onClose}>
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}

/** How long ago something began, growing by itself. */
export function Age({ since }) {
  const now = useNow(10_000);
  return html`<span>${durationText(Math.max(0, (now - since) / 1000))}</span>`;
}

/** A state as a coloured word; `kind` is the family its text is found under. */
export function Pill({ kind, value }) {
  return html`<span class="pill ${toneOf(value)}">${of(kind, value)}</span>`;
}

/**
 * Facts by name, those that there are.
 * @param {{rows: [key: string, value: any][], kind: string}} props names are the texts `{kind}.{key}`
 */
export function Facts({ rows, kind }) {
  const known = rows.filter(([, value]) => value);
  return html`<dl>
    ${known.map(([key, value]) => html`<div key=${key}><dt>${t(`${kind}.${key}`)}</dt><dd>${value}</dd></div>`)}
  </dl>`;
}

/** What was ordered: "2 × Latte". */
export function Lines({ items }) {
  return html`<ul class="lines">
    ${items.map((each) => html`<li key=${each.menu_id}>${each.quantity} × ${each.name}</li>`)}
  </ul>`;
}

const GOOD = "Ready Completed READY PICKED_UP DELIVERED COMPLETED PAID REFUNDED Refunded closed CHARGED";
const BAD = "Cancelled Rejected Uncollected Delayed CANCELLED REJECTED UNCOLLECTED FAILED WAITING open stuck";

function toneOf(value) {
  if (GOOD.split(" ").includes(value)) return "good";
  return BAD.split(" ").includes(value) ? "bad" : "";
}

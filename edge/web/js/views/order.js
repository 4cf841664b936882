// One order as its customer follows it.

import { html, useEffect, useRef, useState } from "../../vendor/htm-preact.js";
import { call, get, Problem } from "../api.js";
import { useLive, useLoad } from "../hooks.js";
import { moneyText, momentText, numberText, of, t, timeText } from "../i18n.js";
import {
  Action, announcement, Dialog, Facts, Heading, Lines, Live, Loaded, Pill, shortId, Trouble,
} from "../ui.js";

const STEPS = ["Ordered", "Paid", "Accepted", "Making", "Ready", "Completed"];
/** States in which asking for a cancellation may still succeed. */
const OPEN = ["Ordered", "Paid", "Accepted"];

export function View({ order: id }) {
  const live = useLive("/my-pages/stream");
  const once = useLoad((signal) => readPage(id, signal), [id]);
  const page = live.items?.find((each) => each.order_id === id) ?? once.data;
  return html`
    <${Heading}>${t("order.title", { id: shortId(id) })}<//>
    ${page
      ? html`<${Live} from=${{ ...live, items: [page] }}>${() => html`<${Followed} page=${page} />`}<//>`
      : html`<${Loaded} from=${once}>${() => null}<//>`}
  `;
}

/** The page; while there is none yet, the order itself in its place. */
async function readPage(id, signal) {
  const encoded = encodeURIComponent(id);
  try {
    return await get(`/my-pages/${encoded}`, signal);
  } catch (error) {
    if (!(error instanceof Problem && error.status === 404)) throw error;
    const order = await get(`/orders/${encoded}`, signal);
    const states = { order_status: "Ordered", delivery_status: "None", refund_status: "None" };
    return { ...order, ...states, queue_position: null, ready_at: null, timeline: [] };
  }
}

function Followed({ page }) {
  useAnnounced(page);
  return html`
    <section class="card" aria-label=${t("order.state")}>
      <p class="state" data-testid="order-status"><${Pill} kind="status" value=${page.order_status} /></p>
      <${Outlook} page=${page} />
      <${Steps} page=${page} />
      <${Refund} page=${page} />
      <${Cancel} page=${page} />
    </section>
    <${What} page=${page} />
    <${Timeline} moments=${page.timeline} />
  `;
}

/** Tell screen readers of each new state. */
function useAnnounced({ order_status: status, delivery_status: delivery, refund_status: refund }) {
  const last = useRef(null);
  const now = [
    of("status", status),
    delivery === "Delivering" && of("delivery", delivery),
    refund !== "None" && of("refund", refund),
  ]
    .filter(Boolean)
    .join(", ");
  useEffect(() => {
    if (last.current !== null && last.current !== now) announcement.set(now);
    last.current = now;
  }, [now]);
}

function Outlook({ page }) {
  const { order_status: status, queue_position: position, ready_at: readyAt } = page;
  const under = STEPS.indexOf(status) < STEPS.indexOf("Ready") && STEPS.includes(status);
  return html`
    ${position !== null && html`<p>${t("order.queue", { position: numberText(position) })}</p>`}
    ${under && html`<p>${readyAt ? t("order.ready-at", { time: timeText(readyAt) }) : t("order.no-time")}</p>`}
    ${page.delivery_status === "Delivering" && html`<p>${of("delivery", "Delivering")}</p>`}
    ${status === "Cancelling" && html`<p>${t("order.cancelling")}</p>`}
    <${Reason} page=${page} />
  `;
}

/** Why there will be no drinks, with the cafe's own words; or why there will, in spite of all. */
function Reason({ page: { order_status: status, reason, detail, timeline } }) {
  if (["Cancelled", "Rejected"].includes(status)) {
    return html`${reason && html`<p class="note">${of("order.why", reason)}</p>`}
    ${detail && html`<p class="note">${t("order.words")} <q>${detail}</q></p>`}`;
  }
  const refused = status !== "Cancelling" && timeline.some(({ event }) => event === "OrderCancelRefused");
  return refused && html`<p class="note">${t("order.too-late")}</p>`;
}

function Steps({ page: { order_status: status } }) {
  const at = STEPS.indexOf(status);
  if (at < 0) return null;
  return html`<ol class="steps" aria-label=${t("order.steps")}>
    ${STEPS.map(
      (
        each,
        index,
      ) => html`<li class=${index <= at ? "done" : ""} aria-current=${index === at ? "step" : null}>
        <span>${of("status", each)}</span>
      </li>`,
    )}
  </ol>`;
}

function Refund({ page: { refund_status: status, total } }) {
  if (status === "None") return null;
  return html`<p class="note" data-testid="refund">
    <${Pill} kind="refund" value=${status} /> ${t(`refund.text.${status}`, { money: moneyText(total) })}
  </p>`;
}

function Cancel({ page: { order_id: id, order_status: status } }) {
  const [asking, setAsking] = useState(false);
  const [error, setError] = useState(null);
  const close = () => setAsking(false);
  const cancel = async () => {
    close();
    await call("POST", `/orders/${encodeURIComponent(id)}/cancel`);
    announcement.set(t("order.cancel.sent"));
  };
  const ask = () => {
    setError(null);
    setAsking(true);
  };
  const may = OPEN.includes(status);
  return html`
    ${error && html`<${Trouble} what=${t("order.cancel.refused")} error=${error} />`}
    ${may && html`<button type="button" class="danger" onClick=${ask}>${t("order.cancel")}</button>`}
    ${asking && html`<${Sure} close=${close} cancel=${cancel} onProblem=${setError} />`}
  `;
}

function Sure({ close, cancel, onProblem }) {
  return html`<${Dialog} title=${t("order.cancel.sure")} onClose=${close}>
    <div class="actions">
      <button type="button" onClick=${close}>${t("order.cancel.no")}</button>
      <${Action} class="danger" run=${cancel} onProblem=${onProblem}>${t("order.cancel.yes")}<//>
    </div>
  <//>`;
}

function What({ page: { items, total, fulfilment, note, cafe_id, placed_at } }) {
  const rows = [
    ["total", moneyText(total)],
    ["cafe", cafe_id],
    ["how", t(`method.${fulfilment.method}`)],
    ["address", fulfilment.address],
    ["note", note],
    ["placed", timeText(placed_at)],
  ];
  return html`<section class="card" aria-labelledby="what">
    <h2 id="what">${t("order.what")}</h2>
    <${Lines} items=${items} />
    <${Facts} rows=${rows} kind="order" />
  </section>`;
}

/** What has happened, in order; `moments` are `{event, at}`. */
export function Timeline({ moments }) {
  return html`<section class="card" aria-labelledby="timeline">
    <h2 id="timeline">${t("order.timeline")}</h2>
    <ol class="timeline">
      ${moments.map(
        ({ event, at }) =>
          html`<li key=${event + at}>
            <span>${of("event", event)}</span>
            <time datetime=${at}>${momentText(at)}</time>
          </li>`,
      )}
    </ol>
  </section>`;
}

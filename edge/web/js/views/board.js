// A cafe's live board: what is to be done, by state, and the one tap that does it.

import { html, useState } from "../../vendor/htm-preact.js";
import { call } from "../api.js";
import { useLive } from "../hooks.js";
import { of, t, timeText } from "../i18n.js";
import { ring, soundOn } from "../sound.js";
import { Action, Age, announcement, Dialog, Empty, Heading, Lines, Live, Sentence, shortId } from "../ui.js";

const COLUMNS = ["QUEUED", "ACCEPTED", "MAKING", "READY", "DELIVERING"];
const REASONS = ["sold_out", "closed", "too_busy", "other"];
const DETAIL_LIMIT = 200;
/** So many of what came too late are shown at once. */
const MISSES = 5;

export function View({ cafe, who }) {
  const cafeId = cafe ?? who.cafe_id;
  const [sound, setSound] = useState(false);
  const [misses, setMisses] = useState([]);
  const heard = (item, isNew) => {
    if (!isNew) return;
    announcement.set(t("board.new", { id: shortId(item.order_id) }));
    if (sound) ring();
  };
  const path = `/boards/${encodeURIComponent(cafeId)}/stream`;
  const live = useLive(path, { whileHidden: sound, onPage: heard });
  const missed = (id, error) => {
    if (error.currentStatus) live.put({ order_id: id, cafe_status: error.currentStatus });
    setMisses((old) => [...old, { id, error }].slice(-MISSES));
  };
  const mine = who.roles.includes("barista") && who.cafe_id === cafeId;
  const does = mine && {
    done: ({ order_id, status }) => live.put({ order_id, cafe_status: status }),
    missed,
  };
  return html`
    <${Heading}>${t("board.title", { cafe: cafeId })}<//>
    <div class="wide">
    <${SoundSwitch} on=${sound} set=${setSound} />
    <${Misses} misses=${misses} clear=${() => setMisses([])} />
    <${Live} from=${live}>${(items) => html`<${Board} items=${items} does=${does} />`}<//>
    </div>
  `;
}

function SoundSwitch({ on, set }) {
  const toggle = async () => {
    if (!on) await soundOn();
    set(!on);
  };
  return html`<button type="button" aria-pressed=${on} onClick=${toggle}>${t("board.sound")}</button>`;
}

/** Commands that came too late, as sentences; they stay until they were read. */
function Misses({ misses, clear }) {
  if (!misses.length) return null;
  return html`<div class="note bad" role="alert" data-testid="misses">
    ${misses.map(({ id, error }) => html`<${Sentence} what=${shortId(id)} error=${error} />`)}
    <button type="button" onClick=${clear}>${t("board.read")}</button>
  </div>`;
}

function Board({ items, does }) {
  const shown = items.map((each) => ({ ...each, cafe_status: each.cafe_status ?? "QUEUED" }));
  const active = shown.filter((each) => COLUMNS.includes(each.cafe_status));
  if (!active.length) return html`<${Empty}>${t("board.empty")}<//>`;
  return html`<div class="board">
    ${COLUMNS.map((state) => {
      const here = active
        .filter((each) => each.cafe_status === state)
        .sort((a, b) => a.waitsSince - b.waitsSince);
      return html`<section
        key=${state}
        aria-labelledby=${`column-${state}`}
        class=${here.length ? "" : "bare"}
      >
        <h2 id=${`column-${state}`}>${of("column", state)} <span class="count">${here.length}</span></h2>
        <ul class="cards">
          ${here.map((each) => html`<${Ticket} key=${each.order_id} item=${each} does=${does} />`)}
        </ul>
      </section>`;
    })}
  </div>`;
}

function Ticket({ item, does }) {
  const { order_id: id, items, fulfilment, note, ready_at, waitsSince } = item;
  return html`<li class="card" data-order=${id}>
    <article aria-labelledby=${`ticket-${id}`}>
      <h3 id=${`ticket-${id}`}>
        ${shortId(id)} <span class="quiet">${t(`method.${fulfilment.method}`)}</span>
      </h3>
      <${Lines} items=${items} />
      ${note && html`<p class="note">${note}</p>`}
      <p class="quiet">
        ${t("board.waiting")} <${Age} since=${waitsSince} />
        ${ready_at && ` · ${t("order.ready-at", { time: timeText(ready_at) })}`}
      </p>
      ${does && html`<${Commands} item=${item} ...${does} />`}
    </article>
  </li>`;
}

/** The steps that a barista may take from a state, the likely one first. */
function stepsOf({ cafe_status: state, fulfilment }) {
  if (state === "QUEUED") return ["accept", "reject"];
  if (state === "ACCEPTED") return ["start", "reject"];
  if (state === "MAKING") return ["finish"];
  if (state === "READY")
    return fulfilment.method === "pickup" ? ["hand-over", "uncollected"] : ["uncollected"];
  return [];
}

function Commands({ item, done, missed }) {
  const [asking, setAsking] = useState(null);
  const send = async (step, body) => {
    done(await call("POST", `/cafe-orders/${encodeURIComponent(item.order_id)}/${step}`, { body }));
  };
  const failed = (error) => missed(item.order_id, error);
  const close = () => setAsking(null);
  const Ask = QUESTIONS[asking];
  const runOf = (step) => (step in QUESTIONS ? async () => setAsking(step) : () => send(step));
  return html`<div class="actions">
    ${stepsOf(item).map(
      (step) => html`<${Action} key=${step} class=${toneOf(step)} run=${runOf(step)} onProblem=${failed}>
        ${t(`step.${step}`)}
      <//>`,
    )}
    ${Ask && html`<${Ask} id=${item.order_id} close=${close} send=${send} failed=${failed} />`}
  </div>`;
}

function toneOf(step) {
  return step in QUESTIONS ? "danger" : "main";
}

function Reject({ id, send, ...rest }) {
  const [reason, setReason] = useState(REASONS[0]);
  const [detail, setDetail] = useState("");
  const reject = () => send("reject", { reason, ...(detail.trim() && { detail: detail.trim() }) });
  const title = t("reject.title", { id: shortId(id) });
  return html`<${Question} title=${title} yes=${t("step.reject")} run=${reject} ...${rest}>
    <label>${t("reject.reason")}
      <select value=${reason} onChange=${(event) => setReason(event.target.value)}>
        ${REASONS.map((each) => html`<option value=${each}>${t(`reject.${each}`)}</option>`)}
      </select>
    </label>
    <label>${t("reject.detail")}
      <input value=${detail} maxlength=${DETAIL_LIMIT} onInput=${(event) => setDetail(event.target.value)} />
    </label>
  <//>`;
}

function Uncollected({ id, send, ...rest }) {
  const title = t("uncollected.title", { id: shortId(id) });
  const run = () => send("uncollected");
  return html`<${Question} title=${title} yes=${t("uncollected.yes")} run=${run} ...${rest}>
    <p>${t("uncollected.text")}</p>
  <//>`;
}

/** Ask before a step that cannot be taken back. */
function Question({ title, yes, run, close, failed, children }) {
  const sure = async () => {
    await run();
    close();
  };
  const missed = (error) => {
    close();
    failed(error);
  };
  return html`<${Dialog} title=${title} onClose=${close}>
    ${children}
    <div class="actions">
      <button type="button" onClick=${close}>${t("back")}</button>
      <${Action} class="danger" run=${sure} onProblem=${missed}>${yes}<//>
    </div>
  <//>`;
}

/** Steps that ask first. */
const QUESTIONS = { reject: Reject, uncollected: Uncollected };

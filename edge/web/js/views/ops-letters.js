// Dead letters of each service: messages that nobody could handle.

import { html, useState } from "../../vendor/htm-preact.js";
import { call, get } from "../api.js";
import { usePolled } from "../hooks.js";
import { t, timeText } from "../i18n.js";
import { Action, announcement, Empty, Heading, Loaded, Pill, Trouble } from "../ui.js";

export const SERVICES = ["order-svc", "payment-svc", "cafe-svc", "mypage-svc"];
/** A replay of many goes on in turns of up to 50 letters. */
const TURNS = 20;

export function View() {
  return html`
    <${Heading}>${t("letters.title")}<//>
    <p>${t("letters.what")}</p>
    ${SERVICES.map((each) => html`<${Service} key=${each} service=${each} />`)}
  `;
}

function Service({ service }) {
  const path = `/ops/${service}/dead-letters`;
  const letters = usePolled((signal) => get(path, signal), [path]);
  const [older, setOlder] = useState({ items: [], next: null, asked: false });
  const [error, setError] = useState(null);
  const more = (next) => async () => {
    const page = await get(`${path}?cursor=${encodeURIComponent(next)}`);
    setOlder({ items: [...older.items, ...page.items], next: page.next, asked: true });
  };
  const replayed = () => {
    setOlder({ items: [], next: null, asked: false });
    letters.reload();
  };
  return html`<section class="card" aria-labelledby=${service}>
    <h2 id=${service}>${service}</h2>
    ${error && html`<${Trouble} error=${error} />`}
    <${Loaded} from=${letters}>
      ${(page) => {
        const items = [...page.items, ...older.items];
        const next = older.asked ? older.next : page.next;
        return html`
          ${items.length === 0 && html`<${Empty}>${t("letters.none")}<//>`}
          <${Topics} path=${path} items=${items} done=${replayed} failed=${setError} />
          <ul class="rows">${items.map(
            (each) => html`<${Letter}
            key=${each.id}
            service=${service}
            letter=${each}
          />`,
          )}</ul>
          ${next && html`<${Action} run=${more(next)} onProblem=${setError}>${t("orders.more")}<//>`}
        `;
      }}
    <//>
  </section>`;
}

function Letter({ service, letter: { id, topic, status, reason, attempts, first_at, subject } }) {
  return html`<li class="row">
    <div>
      <a
        class="title"
        href=${`#/ops/letters/${service}/${encodeURIComponent(id)}`}
      >${topic || t("letters.no-topic")}</a>
      <p lang="en">${reason}</p>
      <p class="quiet">${subject} · ${timeText(first_at)} · ${t("letters.attempts", { attempts })}</p>
    </div>
    <${Pill} kind="state" value=${status} />
  </li>`;
}

/** One button per topic: replay all of it. */
function Topics({ path, items, done, failed }) {
  const topics = [...new Set(items.map((each) => each.topic))].filter(Boolean);
  const replay = (topic) => async () => {
    failed(null);
    const { replayed, failed: inVain } = await replayAll(path, topic);
    announcement.set(t("letters.replayed", { replayed, failed: inVain }));
    done();
  };
  return html`<div class="actions">
    ${topics.map(
      (each) =>
        html`<${Action}
          key=${each}
          run=${replay(each)}
          onProblem=${failed}
        >${t("letters.replay-all", { topic: each })}<//>`,
    )}
  </div>`;
}

async function replayAll(path, topic) {
  const sum = { replayed: 0, failed: 0 };
  let cursor = null;
  for (let turn = 0; turn < TURNS; turn++) {
    const body = { topic, ...(cursor && { cursor }) };
    const answer = await call("POST", `${path}/replay`, { body });
    sum.replayed += answer.replayed;
    sum.failed += answer.failed;
    cursor = answer.next;
    if (!cursor) break;
  }
  return sum;
}

// Dead letters of each service: messages that nobody could handle.

import { html, useState } from "../../vendor/htm-preact.js";
import { call } from "../api.js";
import { usePolledList } from "../hooks.js";
import { t, timeText } from "../i18n.js";
import { Action, announcement, Empty, Heading, Loaded, More, Pill, Trouble } from "../ui.js";

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
  const letters = usePolledList(path);
  return html`<section class="card" aria-labelledby=${service}>
    <h2 id=${service}>${service}</h2>
    <${Loaded} from=${letters}>
      ${(items) => html`
        ${items.length === 0 && html`<${Empty}>${t("letters.none")}<//>`}
        <${Topics} path=${path} items=${items} done=${letters.reload} />
        <ul class="letters">
          ${items.map((each) => html`<${Letter} key=${each.id} service=${service} letter=${each} />`)}
        </ul>
        <${More} from=${letters} />
      `}
    <//>
  </section>`;
}

function Letter({ service, letter: { id, topic, status, reason, attempts, first_at, subject } }) {
  const facts = [subject, timeText(first_at), t("letters.attempts", { attempts })].filter(Boolean);
  const address = `#/ops/letters/${service}/${encodeURIComponent(id)}`;
  return html`<li>
    <p>
      <a class="title" href=${address}>${topic || t("letters.no-topic")}</a>${" "}
      <${Pill} kind="state" value=${status} />
    </p>
    <p lang="en">${reason}</p>
    <p class="quiet">${facts.join(" · ")}</p>
  </li>`;
}

/** One button per topic: replay all of it. */
function Topics({ path, items, done }) {
  const [error, setError] = useState(null);
  const topics = [...new Set(items.map((each) => each.topic))].filter(Boolean);
  const replay = (topic) => async () => {
    setError(null);
    announcement.set(t("letters.replayed", await replayAll(path, topic)));
    done();
  };
  return html`
    ${error && html`<${Trouble} error=${error} />`}
    <div class="actions">
      ${topics.map(
        (each) => html`<${Action} key=${each} run=${replay(each)} onProblem=${setError}>
          ${t("letters.replay-all", { topic: each })}
        <//>`,
      )}
    </div>
  `;
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

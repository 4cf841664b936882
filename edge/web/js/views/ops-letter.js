// One dead letter: read it, then replay it or say why it is to have no effect.

import { html, useState } from "../../vendor/htm-preact.js";
import { call } from "../api.js";
import { traceLink } from "../config.js";
import { useGet } from "../hooks.js";
import { momentText, numberText, t } from "../i18n.js";
import { Action, announcement, Facts, Heading, Loaded, Pill, Trouble } from "../ui.js";

const REASON_LIMIT = 200;
const OPEN = ["RETRYING", "WAITING"];

export function View({ service, letter: id }) {
  const path = `/ops/${encodeURIComponent(service)}/dead-letters/${encodeURIComponent(id)}`;
  const letter = useGet(path);
  const [error, setError] = useState(null);
  const settle = (step, body) => async () => {
    setError(null);
    await call("POST", `${path}/${step}`, { body });
    announcement.set(t(`letters.done.${step}`));
    letter.reload();
  };
  const failed = (problem) => {
    setError(problem);
    letter.reload();
  };
  return html`
    <${Heading}>${t("letter.title", { service })}<//>
    <p><a href="#/ops/letters">${t("nav.letters")}</a></p>
    ${error && html`<${Trouble} error=${error} />`}
    <${Loaded} from=${letter}>
      ${(there) => html`
        <${About} letter=${there} />
        ${OPEN.includes(there.status) && html`<${Ways} letter=${there} settle=${settle} failed=${failed} />`}
        <${Body} text=${there.body} whole=${there.whole} />
      `}
    <//>
  `;
}

function About({ letter }) {
  const { status, topic, reason, attempts, first_at, last_at, retry_at, subject, size } = letter;
  const rows = [
    ["topic", topic],
    ["reason", html`<span lang="en">${reason}</span>`],
    ["subject", subject && html`<a href=${`#/ops/orders/${encodeURIComponent(subject)}`}>${subject}</a>`],
    ["attempts", numberText(attempts)],
    ["first", momentText(first_at)],
    ["last", momentText(last_at)],
    ["retry", retry_at && momentText(retry_at)],
    ["size", numberText(size)],
    ["discarded-by", letter.discarded_by],
    ["discarded-because", letter.discarded_because],
  ];
  return html`<section class="card" aria-label=${t("letter.facts")}>
    <p><${Pill} kind="state" value=${status} /></p>
    <${Facts} rows=${rows} kind="letter" />
  </section>`;
}

function Ways({ letter, settle, failed }) {
  const [reason, setReason] = useState("");
  return html`<section class="card" aria-label=${t("letter.ways")}>
    <div class="actions">
      <${Action}
        class="main"
        disabled=${!letter.whole}
        run=${settle("replay")}
        onProblem=${failed}
      >${t("letter.replay")}<//>
    </div>
    <label>${t("letter.why")}
      <input value=${reason} maxlength=${REASON_LIMIT} onInput=${(event) => setReason(event.target.value)} />
    </label>
    <div class="actions">
      <${Action}
        class="danger"
        disabled=${!reason.trim()}
        run=${settle("discard", { reason: reason.trim() })}
        onProblem=${failed}
      >
        ${t("letter.discard")}
      <//>
    </div>
  </section>`;
}

function Body({ text, whole }) {
  const parsed = parsedOr(text);
  const [, traceId] = String(parsed?.traceparent).split("-");
  const link = traceId && traceLink(traceId);
  return html`<section class="card">
    <h2 id="letter-body">${t("letter.body")}</h2>
    ${!whole && html`<p class="note">${t("letter.cut")}</p>`}
    ${link && html`<p><a href=${link}>${t("letter.trace")}</a></p>`}
    <pre
      class="scroll"
      tabindex="0"
      role="region"
      aria-labelledby="letter-body"
    >${parsed ? JSON.stringify(parsed, null, 2) : text}</pre>
  </section>`;
}

/** The JSON object in a text; null for anything else: a dead letter may be broken. */
function parsedOr(text) {
  try {
    const parsed = JSON.parse(text);
    return parsed !== null && typeof parsed === "object" ? parsed : null;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return null;
  }
}

// The Dapr sidecar of each service: what it has loaded, what it hears, which breakers are open.

import { html } from "../../vendor/htm-preact.js";
import { get } from "../api.js";
import { usePolled } from "../hooks.js";
import { t } from "../i18n.js";
import { Empty, Heading, Loaded, Pill } from "../ui.js";
import { SERVICES } from "./ops-letters.js";

export function View() {
  return html`
    <${Heading}>${t("sidecars.title")}<//>
    ${SERVICES.map((each) => html`<${Sidecar} key=${each} service=${each} />`)}
  `;
}

function Sidecar({ service }) {
  const sidecar = usePolled((signal) => get(`/ops/${service}/sidecar`, signal), [service]);
  return html`<section class="card" aria-labelledby=${service}>
    <h2 id=${service}>${service}</h2>
    <${Loaded} from=${sidecar}>
      ${({ runtime_version, components, subscriptions, breakers }) => html`
        <p class="quiet">daprd ${runtime_version}</p>
        <h3>${t("sidecars.breakers")}</h3>
        <${Breakers} breakers=${breakers} />
        <${Table}
          title=${`${service}: ${t("sidecars.components")}`}
          columns=${["name", "type", "version", "capabilities"]}
          rows=${components.map((each) => [each.name, each.type, each.version, each.capabilities.join(", ")])}
        />
        <${Table}
          title=${`${service}: ${t("sidecars.subscriptions")}`}
          columns=${["pubsub", "topic", "dead-letters"]}
          rows=${subscriptions.map((each) => [each.pubsub, each.topic, each.dead_letter_topic ?? "–"])}
        />
      `}
    <//>
  </section>`;
}

function Breakers({ breakers }) {
  if (!breakers.length) return html`<${Empty}>${t("sidecars.no-breakers")}<//>`;
  const openFirst = [...breakers].sort((a, b) => (a.state === "closed") - (b.state === "closed"));
  return html`<ul class="rows">
    ${openFirst.map(
      ({ target, state }) => html`<li class="row" key=${target}>
        <code>${target}</code> <${Pill} kind="breaker" value=${state} />
      </li>`,
    )}
  </ul>`;
}

/** A table folded under its title: there are many of them. */
function Table({ title, columns, rows }) {
  return html`<details>
    <summary>${title} (${rows.length})</summary>
    <div class="scroll" tabindex="0" role="region" aria-label=${title}>
      <table>
        <thead><tr>${columns.map((each) => html`<th scope="col">${t(`sidecars.${each}`)}</th>`)}</tr></thead>
        <tbody>${rows.map((row) => html`<${Row} key=${row.join()} cells=${row} />`)}</tbody>
      </table>
    </div>
  </details>`;
}

function Row({ cells }) {
  return html`<tr>${cells.map((each) => html`<td>${each}</td>`)}</tr>`;
}

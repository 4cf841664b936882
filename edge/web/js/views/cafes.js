// The cafes one can order from.

import { html } from "../../vendor/htm-preact.js";
import { useGet } from "../hooks.js";
import { t } from "../i18n.js";
import { Empty, Heading, Loaded } from "../ui.js";

export function View() {
  const cafes = useGet("/cafes");
  return html`
    <${Heading}>${t("cafes.title")}<//>
    <${Loaded} from=${cafes}>
      ${({ items }) =>
        items.length
          ? html`<ul class="cards">
              ${items.map((each) => html`<${Cafe} key=${each.cafe_id} ...${each} />`)}
            </ul>`
          : html`<${Empty}>${t("cafes.none")}<//>`}
    <//>
  `;
}

function Cafe({ cafe_id, name, open }) {
  return html`<li class="card">
    <a class="whole" href=${`#/cafes/${encodeURIComponent(cafe_id)}`}>
      <span class="title">${name}</span>
      <span class="pill ${open ? "good" : "bad"}">${t(open ? "cafe.open" : "cafe.closed")}</span>
    </a>
  </li>`;
}

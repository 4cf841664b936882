// The basket: what, how it is to be had, how it is paid; and the order whose answer got lost.

import { html, useEffect, useRef, useState } from "../../vendor/htm-preact.js";
import { signIn } from "../auth.js";
import { basket, giveUp, place, placeAgain, sending, unanswered } from "../basket.js";
import { useLoad } from "../hooks.js";
import { moneyText, t } from "../i18n.js";
import { go } from "../router.js";
import { useStore } from "../store.js";
import { Action, Empty, Heading, Loaded, Trouble } from "../ui.js";
import { readMenu, Stepper } from "./menu.js";

const METHODS = ["pickup", "delivery"];
const PAYMENTS = ["ok", "declined", "slow", "500_after_charge", "timeout_after_charge"];
const TEXT_LIMIT = 200;

export function View({ who }) {
  const now = useStore(basket);
  const lost = useStore(unanswered);
  const [error, setError] = useState(null);
  return html`
    <${Heading}>${t("basket.title")}<//>
    ${lost && html`<${Unanswered} setError=${setError} />`}
    ${error && html`<${Trouble} error=${error} />`}
    ${!now && !lost && html`<${Empty}>${t("basket.empty")} <a href="#/">${t("nav.cafes")}</a><//>`}
    ${now &&
    html`<div hidden=${lost !== null}>
      <${Filled} who=${who} cafeId=${now.cafe_id} setError=${setError} />
    </div>`}
  `;
}

/** An order of which nobody knows whether it arrived: on its way, or for the person to decide. */
function Unanswered({ setError }) {
  const busy = useStore(sending);
  const section = useRef(null);
  useEffect(() => {
    // The button that was pressed is gone.
    if (!busy && document.activeElement === document.body) section.current.focus();
  }, [busy]);
  if (busy)
    return html`<p
      class="note"
      role="status"
    >${t(busy.attempt > 1 ? "basket.resending" : "basket.sending")}</p>`;
  const again = async () => {
    setError(null);
    follow(await placeAgain());
  };
  const leave = () => {
    setError(null);
    giveUp();
  };
  return html`<section class="note" tabindex="-1" ref=${section} aria-label=${t("basket.unanswered")}>
    <p>${t("basket.unanswered")} ${t("basket.once")}</p>
    <div class="actions">
      <${Action} class="main" run=${again} onProblem=${setError}>${t("basket.resend")}<//>
      <button type="button" onClick=${leave}>${t("basket.give-up")}</button>
    </div>
  </section>`;
}

function Filled({ who, cafeId, setError }) {
  const menu = useLoad((signal) => readMenu(cafeId, signal), [cafeId]);
  return html`<${Loaded} from=${menu}>
    ${(there) => html`
      <p>${there.name}</p>
      ${there.open === false && html`<p class="note bad">${t("menu.closed")}</p>`}
      <${Form} who=${who} menu=${there} setError=${setError} reload=${menu.reload} />
    `}
  <//>`;
}

function Form({ who, menu, setError, reload }) {
  const { lines } = useStore(basket) ?? { lines: {} };
  const [wish, setWish] = useState({ method: "pickup", address: "", note: "", payment: "ok" });
  const set = (name) => (event) => setWish({ ...wish, [name]: event.target.value });
  const order = async () => {
    setError(null);
    follow(await place(who.sub, bodyOf(menu.cafe_id, lines, wish)));
  };
  const refused = (problem) => {
    setError(problem);
    reload();
  };
  const ready = wish.method === "pickup" || wish.address.trim() !== "";
  return html`
    <${Chosen} menu=${menu} lines=${lines} />
    <form onSubmit=${(event) => event.preventDefault()}>
      <${Fulfilment} wish=${wish} set=${set} />
      <${Text} label="basket.note" value=${wish.note} onInput=${set("note")} />
      <${Payment} value=${wish.payment} onChange=${set("payment")} />
    </form>
    <${Order} who=${who} ready=${ready} run=${order} onProblem=${refused} />
  `;
}

function Text({ label, ...rest }) {
  return html`<label>${t(label)} <input maxlength=${TEXT_LIMIT} ...${rest} /></label>`;
}

function Payment({ value, onChange }) {
  return html`<label>
    ${t("basket.payment")}
    <select value=${value} onChange=${onChange}>
      ${PAYMENTS.map((each) => html`<option value=${each}>${t(`payment.${each}`)}</option>`)}
    </select>
  </label>`;
}

function Order({ who, ready, run, onProblem }) {
  if (!who) {
    return html`<p>${t("basket.sign-in")}</p>
      <button type="button" class="main" onClick=${() => signIn()}>${t("sign-in.go")}</button>`;
  }
  if (!who.roles.includes("customer")) return html`<p>${t("basket.not-customer")}</p>`;
  return html`<${Action} class="main" disabled=${!ready} run=${run} onProblem=${onProblem}>
    ${t("basket.order")}
  <//>`;
}

function Chosen({ menu, lines }) {
  const chosen = Object.entries(lines).map(([id, quantity]) => {
    const drink = menu.items.find((each) => each.menu_id === id);
    const amount = (drink?.price.amount ?? 0) * quantity;
    return { id, name: drink?.name ?? id, soldOut: drink?.sold_out ?? true, amount };
  });
  const currency = menu.items[0]?.price.currency ?? "KRW";
  const amount = chosen.reduce((sum, each) => sum + each.amount, 0);
  return html`
    <ul class="rows">
      ${chosen.map(
        (each) => html`<${Line} key=${each.id} cafeId=${menu.cafe_id} currency=${currency} ...${each} />`,
      )}
    </ul>
    <p class="total">${t("basket.total")} <b>${moneyText({ amount, currency })}</b></p>
  `;
}

function Line({ cafeId, id, name, soldOut, amount, currency }) {
  return html`<li class="row">
    <div>
      <span class="title">${name}</span>
      <span class="quiet">${moneyText({ amount, currency })}</span>
      ${soldOut && html`<span class="pill bad">${t("menu.sold-out")}</span>`}
    </div>
    <${Stepper} cafeId=${cafeId} id=${id} name=${name} disabled=${soldOut} />
  </li>`;
}

function Fulfilment({ wish, set }) {
  const radio = (value) => html`<label class="choice">
    <input
      type="radio"
      name="method"
      value=${value}
      checked=${wish.method === value}
      onChange=${set("method")}
    />
    ${t(`method.${value}`)}
  </label>`;
  const address = { value: wish.address, onInput: set("address"), autocomplete: "street-address" };
  return html`
    <fieldset>
      <legend>${t("basket.fulfilment")}</legend>
      ${METHODS.map(radio)}
    </fieldset>
    ${wish.method === "delivery" && html`<${Text} label="basket.address" required ...${address} />`}
  `;
}

function bodyOf(cafeId, lines, { method, address, note, payment }) {
  return {
    cafe_id: cafeId,
    items: Object.entries(lines).map(([menu_id, quantity]) => ({ menu_id, quantity })),
    payment_method: `tok_${payment}`,
    fulfilment: method === "delivery" ? { method, address: address.trim() } : { method },
    ...(note.trim() && { note: note.trim() }),
  };
}

function follow(order) {
  go(`#/orders/${encodeURIComponent(order.order_id)}`);
}

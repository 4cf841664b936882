// The frame around the views: header, banners, the view of the address, what screen readers say.

import { html, render, useErrorBoundary } from "../vendor/htm-preact.js";
import { reading } from "./api.js";
import { session, signIn, signOut, start } from "./auth.js";
import { basket, countOf, giveUp, keepFor, unanswered } from "./basket.js";
import { loadConfig } from "./config.js";
import { useLoad } from "./hooks.js";
import { chooseLanguage, language, startLanguage, t, timeText } from "./i18n.js";
import { net } from "./net.js";
import { beginHere, go, homeOf, place, routeOf } from "./router.js";
import { useStore } from "./store.js";
import { announcement, Heading, Loaded } from "./ui.js";

const LINKS = [
  ["#/", "nav.cafes", null],
  ["#/basket", "nav.basket", null],
  ["#/orders", "nav.orders", "customer"],
  ["#/board", "nav.board", "barista"],
  ["#/counter", "nav.counter", "barista"],
  ["#/deliveries", "nav.deliveries", "rider"],
  ["#/ops", "nav.ops", "operator"],
  ["#/ops/refunds", "nav.refunds", "operator"],
  ["#/ops/letters", "nav.letters", "operator"],
  ["#/ops/sidecars", "nav.sidecars", "operator"],
];

function App() {
  useStore(language);
  const { path } = useStore(place);
  const { who, notice } = useStore(session);
  const announced = useStore(announcement);
  return html`
    <a class="skip" href="#main" onClick=${skip}>${t("skip")}</a>
    <${Header} who=${who} path=${path} />
    <${Banners} notice=${notice} path=${path} />
    <main id="main" tabindex="-1">
      <${Page} key=${`${path} ${who?.sub ?? ""}`} path=${path} who=${who} />
    </main>
    <p class="unseen" role="status" aria-live="polite" data-testid="announcement">${announced}</p>
  `;
}

function Header({ who, path }) {
  const count = countOf(useStore(basket));
  const staff = who && !who.roles.includes("customer");
  const mine = LINKS.filter(([, , role]) => (role ? who?.roles.includes(role) : !staff));
  return html`<header>
    <a class="brand" href="#/">☕ <b>${t("app.name")}</b></a>
    <nav aria-label=${t("nav.label")}>
      ${mine.map(
        ([address, key]) => html`<a href=${address} aria-current=${`#/${path}` === address ? "page" : null}>
          ${t(key)}${address === "#/basket" && count ? ` (${count})` : ""}
        </a>`,
      )}
    </nav>
    <${Person} who=${who} />
  </header>`;
}

function Person({ who }) {
  const other = language.get() === "ko" ? "en" : "ko";
  const leave = () => {
    basket.set(null);
    giveUp();
    go("#/");
    return signOut();
  };
  return html`<div class="person">
    <button type="button" class="plain" lang=${other} onClick=${() => chooseLanguage(other)}>
      ${other === "ko" ? "한국어" : "English"}
    </button>
    ${who
      ? html`<span class="who">${who.sub}</span>
        <button type="button" class="plain" onClick=${leave}>${t("sign-out")}</button>`
      : html`<button type="button" onClick=${() => signIn()}>${t("sign-in")}</button>`}
  </div>`;
}

function Banners({ notice, path }) {
  const { online, since } = useStore(net);
  const lost = useStore(unanswered);
  return html`<div class="banners" role="status">
    ${!online && html`<p class="note bad">${t("offline", { time: timeText(since) })}</p>`}
    ${notice && html`<p class="note">${t(`notice.${notice}`)}</p>`}
    ${lost &&
    path !== "basket" &&
    html`<p class="note">${t("basket.unanswered")} <a href="#/basket">${t("basket.look")}</a></p>`}
  </div>`;
}

/** The view of a path, or why there is none. */
function Page({ path, who }) {
  const route = routeOf(path);
  if (!route) return html`<${Notice} title=${t("lost.title")} text=${t("lost.text")} />`;
  const { roles } = route;
  if (!roles || roles.some((role) => who?.roles.includes(role)))
    return html`<${Loader} route=${route} who=${who} />`;
  return who
    ? html`<${Notice} title=${t("denied.title")} text=${t("denied.text")} />`
    : html`<${SignInFirst} />`;
}

/** Load the view's module, again when the connection comes back. */
function Loader({ route, who }) {
  const { online } = useStore(net);
  const [broken] = useErrorBoundary((error) => console.error(error));
  const module = useLoad(() => reading("view", route.load), [online]);
  if (broken) return html`<${Broken} />`;
  return html`<${Loaded} from=${module}>
    ${({ View }) => html`<${View} ...${route.params} who=${who} />`}
  <//>`;
}

function Notice({ title, text, children }) {
  return html`<${Heading}>${title}<//><p>${text}</p>${children}`;
}

function SignInFirst() {
  return html`<${Notice} title=${t("sign-in")} text=${t("sign-in.first")}>
    <button type="button" onClick=${() => signIn()}>${t("sign-in.go")}</button>
  <//>`;
}

function Broken() {
  return html`<${Notice} title=${t("broken.title")} text=${t("broken.text")}>
    <button type="button" onClick=${() => location.reload()}>${t("broken.reload")}</button>
  <//>`;
}

function skip(event) {
  // The part behind "#" is the view's address: the link must not change it.
  event.preventDefault();
  document.getElementById("main").focus();
}

/** Each role begins on its own page; whoever came for a certain page stays there. */
function welcome({ who }) {
  if (!who) return;
  keepFor(who.sub);
  if (place.get().path === "") go(homeOf(who.roles), true);
}

async function begin() {
  const root = document.getElementById("app");
  const [config] = await Promise.all([loadConfig(), startLanguage()]);
  if (config && !(await start(config))) return;
  beginHere();
  session.subscribe(welcome);
  welcome(session.get());
  render(html`<${config ? App : Broken} />`, root);
}

begin();

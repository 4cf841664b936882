// Korean and English: texts by flat keys, and numbers, money and times as Intl writes them.

import { isNetworkError, unreached } from "./net.js";
import { createStore } from "./store.js";

const CHOICE = "cafe.language";
const TEXTS = {
  en: () => Promise.all([import("./text/en.js"), import("./text/en-ops.js")]),
  ko: () => Promise.all([import("./text/ko.js"), import("./text/ko-ops.js")]),
};

/** The language in use: `"en"` or `"ko"`. */
export const language = createStore("en");

let texts = {};

/** Use the language chosen before on this device, or else the first of the browser's we have. */
export function startLanguage() {
  const wanted = [localStorage.getItem(CHOICE), ...navigator.languages];
  const known = wanted.map((each) => each?.slice(0, 2).toLowerCase()).find((each) => each in TEXTS);
  return use(known ?? "en");
}

/**
 * Change the language and remember the choice; without a connection it stays as it is.
 * @param {"en" | "ko"} chosen
 */
export async function chooseLanguage(chosen) {
  try {
    await use(chosen);
    localStorage.setItem(CHOICE, chosen);
  } catch (error) {
    if (!isNetworkError(error)) throw error;
    unreached();
  }
}

async function use(chosen) {
  const modules = await TEXTS[chosen]();
  texts = Object.assign({}, ...modules.map((each) => each.default));
  document.documentElement.lang = chosen;
  language.set(chosen);
}

/**
 * The text of a key, with `{name}` replaced. A key without a text is shown as it is.
 * @param {string} key
 * @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}

/** The text of a value from a service (`of("state", "MAKING")`), or the value where we have none. */
export function of(kind, value) {
  return texts[`${kind}.${value}`] ?? String(value);
}

/**
 * @param {{amount: number, currency: string}} money in minor units
 */
export function moneyText({ amount, currency }) {
  const format = new Intl.NumberFormat(locale(), { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** @param {number} value */
export function numberText(value) {
  return new Intl.NumberFormat(locale()).format(value);
}

/** @param {string | number} at RFC 3339, or ms since the epoch; the day only where it is not today */
export function timeText(at) {
  const when = new Date(at);
  const style = isToday(when)
    ? { hour: "numeric", minute: "2-digit" }
    : { month: "short", day: "numeric", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale(), style).format(when);
}

/** @param {string} at RFC 3339; to the second, the day only where it is not today */
export function momentText(at) {
  const when = new Date(at);
  const style = isToday(when) ? { timeStyle: "medium" } : { dateStyle: "medium", timeStyle: "medium" };
  return new Intl.DateTimeFormat(locale(), style).format(when);
}

/** @param {number} seconds as the largest unit that fits: "40 sec", "12 min", "3 hr" */
export function durationText(seconds) {
  const [value, unit] =
    seconds < 60
      ? [seconds, "second"]
      : seconds < 3600
        ? [seconds / 60, "minute"]
        : seconds < 86_400
          ? [seconds / 3600, "hour"]
          : [seconds / 86_400, "day"];
  const style = { style: "unit", unit, unitDisplay: "short" };
  return new Intl.NumberFormat(locale(), style).format(Math.floor(value));
}

/** The language with the browser's own region, where it has one for it. */
function locale() {
  const ours = language.get();
  return navigator.languages.find((each) => each.toLowerCase().startsWith(ours)) ?? ours;
}

function isToday(when) {
  return when.toDateString() === new Date().toDateString();
}

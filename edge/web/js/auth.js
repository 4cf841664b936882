// Sign-in: OpenID Connect's authorization-code flow with PKCE (RFC 7636). Tokens live in this
// module's memory only; what a redirect needs sits in sessionStorage until it comes back.

import { isNetworkError } from "./net.js";
import { createStore } from "./store.js";

const FLOW = "cafe.sign-in";
const WAS_SIGNED_IN = "cafe.was-signed-in";
const EARLY_MS = 30_000;
const TIMEOUT_MS = 5000;

/** `{who: {sub, roles, cafe_id} | null, notice: null | "ended" | "failed" | "away"}` */
export const session = createStore({ who: null, notice: null });

let provider = null;
let tokens = null;
let renewal = null;
/** An answer to a renewal got lost: the provider may have given us a new refresh token in it. */
let mayBeRotated = false;

/**
 * Begin: take the code of a redirect that has come back, or, where this tab was signed in before a
 * reload, go and ask silently.
 * @param {{identity: string, client_id: string}} config
 * @returns {Promise<boolean>} false when the page is being left
 */
export async function start(config) {
  provider = config;
  const query = new URLSearchParams(location.search);
  const flow = query.has("code") || query.has("error") ? flowOnce() : null;
  // Without a flow of this tab it is anybody's link, and no answer to us.
  history.replaceState(null, "", here() + (flow?.hash ?? location.hash));
  if (flow) {
    await comeBack(query, flow);
    return true;
  }
  if (!sessionStorage.getItem(WAS_SIGNED_IN)) return true;
  return !(await signIn("none"));
}

/**
 * Leave for the identity provider, to come back to the same view.
 * @param {"none" | "select_account"} [prompt]
 * @returns {Promise<boolean>} false when the provider is away: then nothing has happened
 */
export async function signIn(prompt) {
  const endpoints = await discovered();
  if (!endpoints) return false;
  const flow = { state: random(), nonce: random(), verifier: random(), hash: location.hash };
  sessionStorage.setItem(FLOW, JSON.stringify(flow));
  const target = new URL(endpoints.authorization_endpoint);
  const query = new URLSearchParams({
    response_type: "code",
    client_id: provider.client_id,
    redirect_uri: here(),
    scope: "openid",
    state: flow.state,
    nonce: flow.nonce,
    code_challenge: await challengeOf(flow.verifier),
    code_challenge_method: "S256",
    ...(prompt && { prompt }),
  });
  target.search = `?${query}`;
  location.assign(target);
  return true;
}

/** Forget the tokens and everything kept for this tab, then end the provider's session. */
export async function signOut() {
  forget(null);
  sessionStorage.clear();
  const endpoints = await discovered();
  if (!endpoints) return;
  const target = new URL(endpoints.end_session_endpoint);
  target.search = `?${new URLSearchParams({ post_logout_redirect_uri: here() })}`;
  location.assign(target);
}

/** @returns {Promise<string | null>} a token that is good for a while, or null when signed out */
export async function accessToken() {
  if (tokens && Date.now() > tokens.until - EARLY_MS) await renewed(tokens.access);
  return tokens?.access ?? null;
}

/**
 * Renew a token that is refused or about to end; calls at the same time share one renewal.
 * @param {string} old
 * @returns {Promise<string | null>} null where there is none; the session has ended then, unless
 *   the provider is away, when the old token goes on for as long as it is taken
 */
export async function renewed(old) {
  if (tokens && tokens.access !== old) return tokens.access;
  renewal ??= renew().finally(() => (renewal = null));
  return renewal;
}

/** The services do not take our token, and no other is to be had. */
export function sessionLost() {
  forget("ended");
}

async function renew() {
  if (!tokens?.refresh) return null;
  const answer = await askForToken({ grant_type: "refresh_token", refresh_token: tokens.refresh });
  if (answer === null) {
    mayBeRotated = true;
    return Date.now() < tokens.until ? tokens.access : null;
  }
  if (!answer.access_token) {
    // The page is being left: there is no answer to wait for.
    if (mayBeRotated && (await signIn("none"))) return new Promise(() => {});
    forget("ended");
    return null;
  }
  take(answer);
  return tokens.access;
}

/** What was kept for the redirect, or null; taken out. */
function flowOnce() {
  const flow = JSON.parse(sessionStorage.getItem(FLOW));
  sessionStorage.removeItem(FLOW);
  return flow;
}

async function comeBack(query, flow) {
  if (query.get("state") !== flow.state) return forget("failed");
  if (query.get("error") === "login_required") return forget(null);
  if (query.has("error")) return forget("failed");
  await redeem(query.get("code"), flow);
}

async function redeem(code, flow) {
  const answer = await askForToken({
    grant_type: "authorization_code",
    code,
    redirect_uri: here(),
    code_verifier: flow.verifier,
  });
  if (answer === null) return forget("away");
  if (!answer.access_token || claimsOf(answer.id_token).nonce !== flow.nonce) {
    return forget("failed");
  }
  take(answer);
  sessionStorage.setItem(WAS_SIGNED_IN, "yes");
}

function take(answer) {
  mayBeRotated = false;
  tokens = {
    access: answer.access_token,
    refresh: answer.refresh_token ?? tokens?.refresh ?? null,
    until: Date.now() + answer.expires_in * 1000,
  };
  // With a renewal a provider may leave it out (OpenID Connect Core, 12.2): the person is the same.
  if (!answer.id_token) return;
  const { sub, roles = [], cafe_id = null } = claimsOf(answer.id_token);
  if (session.get().who?.sub !== sub) session.set({ who: { sub, roles, cafe_id }, notice: null });
}

function forget(notice) {
  tokens = null;
  sessionStorage.removeItem(WAS_SIGNED_IN);
  session.set({ who: null, notice });
}

/** The provider's endpoints, or null (with a notice) when it does not answer. */
async function discovered() {
  const issuer = provider.identity.replace(/\/$/, "");
  const found = await asked(`${issuer}/.well-known/openid-configuration`, {});
  if (!found) session.set({ ...session.get(), notice: "away" });
  return found;
}

/** The answer of the token endpoint, also an OAuth error; null when the provider is away. */
async function askForToken(fields) {
  const endpoints = await discovered();
  if (!endpoints) return null;
  const body = new URLSearchParams({ ...fields, client_id: provider.client_id });
  return asked(endpoints.token_endpoint, { method: "POST", body });
}

async function asked(url, init) {
  const limits = { signal: AbortSignal.timeout(TIMEOUT_MS), credentials: "omit" };
  try {
    const answer = await fetch(url, { ...init, ...limits });
    return answer.status < 500 ? await answer.json() : null;
  } catch (error) {
    if (!isNetworkError(error)) throw error;
    return null;
  }
}

async function challengeOf(verifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64url(new Uint8Array(digest));
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

function base64url(bytes) {
  const text = btoa(String.fromCharCode(...bytes));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The claims of a JWT, for showing; the services are who checks it. */
function claimsOf(jwt) {
  const part = (jwt ?? "").split(".")[1];
  if (!part) return {};
  const text = atob(part.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0))));
}

function here() {
  return `${location.origin}/`;
}

// The control interface and the org's REST API, and the stream of new events.

export const VERSION = "v62.0";
const CONTROL = "/_landfall/v1/";
const READ_REST = "/console/rest";
const SESSION = "/console/session";
const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const SILENCE_MS = 25000;

/** A refusal: its code, its sentence, its status. Status 0: no answer. */
export class Refused extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Whether the console only reads, after a login: that of a production node. */
export const readOnly = document.documentElement.dataset.access === "read-only";

let login = null;

async function send(path, options) {
  try {
    return await fetch(path, { credentials: readOnly ? "same-origin" : "omit", cache: "no-store", ...options });
  } catch {
    throw new Refused(0, "not-connected", "The server cannot be reached.");
  }
}

async function token(renew = false) {
  if (renew) login = null;
  login ??= send(`${CONTROL}logins`, { method: "POST", body: JSON.stringify(orgBody()) }).then(read).catch((error) => {
    login = null;
    throw error;
  });
  return (await login).accessToken;
}

/** The org of the page, from its address; none for the first one. */
export function org() {
  return new URLSearchParams(location.search).get("org");
}

const orgBody = () => (org() ? { org: org() } : {});

async function read(response) {
  if (response.status === 204) return null;
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (response.ok) return body;
  const error = Array.isArray(body) ? body[0] : body?.error;
  throw new Refused(response.status, error?.code ?? error?.errorCode ?? `HTTP ${response.status}`, error?.message ?? (text.slice(0, 300) || response.statusText));
}

let loggedOut = null, asked = false, onLogout = () => {};

/** What asks for a login when one is needed; `again` if there was one before. */
export function whenLoggedOut(ask) {
  onLogout = ask;
}

/** Who is logged in: with what the server says of it, or a refusal. Requests that wait for a login go on. */
export const session = {
  async show() {
    const found = await read(await withLogin(SESSION, {}));
    asked = true;
    return found;
  },
  async begin(username, password) {
    const found = await read(await send(SESSION, { method: "POST", body: JSON.stringify({ username, password }) }));
    asked = true;
    loggedOut?.resolve();
    loggedOut = null;
    return found;
  },
  async end() {
    await read(await send(SESSION, { method: "DELETE" }));
  },
};

/** A request that waits for a login as often as one is needed. */
async function withLogin(path, options) {
  for (;;) {
    const response = await send(path, options);
    if (response.status !== 401) return response;
    if (!loggedOut) {
      loggedOut = Promise.withResolvers?.() ?? resolvers();
      onLogout(asked);
    }
    await loggedOut.promise;
    if (options.signal?.aborted) throw new Refused(0, "aborted", "The request is not wanted any more.");
  }
}

function resolvers() {
  const made = {};
  made.promise = new Promise((resolve) => (made.resolve = resolve));
  return made;
}

async function authorized(path, options = {}) {
  if (readOnly) return withLogin(path.startsWith(CONTROL) ? path : READ_REST + path, options);
  const request = async (bearer) => send(path, { ...options, headers: { ...options.headers, Authorization: `Bearer ${bearer}` } });
  let response = await request(await token());
  // The login has expired, or the server was restarted without it.
  if (response.status === 401 || (response.status === 404 && path.startsWith(CONTROL) && (await response.clone().text()).includes("org-not-found"))) {
    response = await request(await token(true));
  }
  return response;
}

/** A call of the control interface. */
export async function control(method, path, body) {
  return read(await authorized(CONTROL + path, { method, body: body === undefined ? undefined : JSON.stringify(body) }));
}

/** A call of the org's REST API. */
export async function rest(method, path, body) {
  const headers = body === undefined ? {} : { "Content-Type": "application/json" };
  return read(await authorized(`/services/data/${VERSION}/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) }));
}

/** A query string without empty values. */
export function query(parameters) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== undefined && value !== null && value !== "") search.set(name, value);
  const text = search.toString();
  return text ? `?${text}` : "";
}

const schemas = new Map();

/** The Avro schema of an event, by its id. */
export function schema(id) {
  if (!schemas.has(id)) {
    const wanted = rest("GET", `event/eventSchema/${encodeURIComponent(id)}?payloadFormat=COMPACT`);
    schemas.set(id, wanted);
    wanted.catch(() => schemas.delete(id));
  }
  return schemas.get(id);
}

/**
 * Follows new events from a replay id on. Connects again after a break and resumes without a gap.
 * `on.frame(event, data)` for each, `on.state(connected, after, retryMs)`. Returns how it is ended and hurried.
 */
export function follow(parameters, after, on) {
  let ended = false, position = after, tries = 0, abort = null, hurry = null;
  const run = async () => {
    while (!ended) {
      abort = new AbortController();
      try {
        const headers = position === null ? {} : { "Last-Event-ID": String(position) };
        const response = await authorized(`${CONTROL}stream${query(parameters)}`, { headers, signal: abort.signal });
        if (!response.ok) await read(response);
        tries = 0;
        on.state(true, position, 0);
        await frames(response.body, (id, event, data) => {
          if (id !== null) position = id;
          if (!ended) on.frame(event, data);
        });
      } catch (error) {
        if (!ended && error instanceof Refused && error.status >= 400 && error.status < 500) {
          on.refused?.(error);
          return;
        }
      }
      if (ended) return;
      const wait = RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)];
      on.state(false, position, wait);
      await new Promise((resolve) => {
        hurry = resolve;
        setTimeout(resolve, wait);
      });
    }
  };
  const frames = async (body, take) => {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      // The server sends something at least every ten seconds.
      let timer;
      const silence = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error("silent")), SILENCE_MS)));
      const { done, value } = await Promise.race([reader.read(), silence]).finally(() => clearTimeout(timer)).catch((error) => {
        abort.abort();
        throw error;
      });
      if (done) return;
      const parts = (rest + value).split("\n\n");
      rest = parts.pop();
      for (const part of parts) {
        let id = null, event = "", data = null;
        for (const line of part.split("\n")) {
          if (line.startsWith("id: ")) id = Number(line.slice(4));
          else if (line.startsWith("event: ")) event = line.slice(7);
          else if (line.startsWith("data: ")) data = JSON.parse(line.slice(6));
        }
        if (event) take(id, event, data);
      }
    }
  };
  run();
  return {
    end() { ended = true; abort?.abort(); hurry?.(); },
    now() { hurry?.(); },
  };
}

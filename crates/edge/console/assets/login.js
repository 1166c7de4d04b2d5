// The login to a console that only reads, and its end.

import { session, whenLoggedOut } from "./api.js";
import { data, fill, h } from "./dom.js";
import { dialog } from "./shell.js";

const ABSENT = "Only in landfall dev: faults, clock, requests, publishing, changes of records, disconnecting subscribers.";

/** Shows who is logged in, and asks for a login when one is needed: at the start at once, later by a bar. */
export function startLogin(box, alert, named) {
  const draw = ({ username, org, maskedFields }) => {
    fill(alert);
    fill(named, h("code", {}, org), h("span.muted", {}, " at "), h("code", {}, location.host));
    const masked = maskedFields.length ? ` Masked: ${maskedFields.join(", ")}.` : "";
    fill(box, h("span.chip", { title: ABSENT + masked }, "Read-only"), h("button.small", { title: username, onclick: leave }, h("span.user", {}, data(username)), "Log out"));
  };
  const leave = async () => {
    await session.end().catch(() => null);
    location.assign("/console");
  };
  whenLoggedOut((again) => {
    const since = new Date().toISOString().slice(11, 19);
    fill(alert, h("div.bar", {}, h("b", {}, again ? `! Logged out since ${since} UTC` : "! Not logged in"), h("span", {}, "The page goes on from here after a login."), h("button.small", { onclick: () => ask(draw) }, "Log in")));
    if (!again) ask(draw);
  });
  session.show().then(draw, () => null);
}

function ask(done) {
  const username = h("input", { id: "login-username", autocomplete: "username", required: true, spellcheck: "false", autocapitalize: "none" });
  const password = h("input", { id: "login-password", type: "password", autocomplete: "current-password", required: true });
  const error = h("p.error", { role: "alert" }), button = h("button.primary", { type: "submit" }, "Log in");
  const form = h("form.login-form", { onsubmit: async (e) => {
    e.preventDefault();
    button.disabled = true;
    try {
      done(await session.begin(username.value, password.value));
      box.close();
    } catch (refused) {
      fill(error, refused.message);
      password.value = "";
      password.focus();
    }
    button.disabled = false;
  } }, h("h2", {}, "Log in"), h("p.second", {}, "With a user of this org who may view all data and the setup. The console only reads."),
  h("label", { for: "login-username" }, "User name"), username, h("label", { for: "login-password" }, "Password"), password, error, h("div.row", {}, button));
  const box = dialog("Log in", form);
  username.focus();
}

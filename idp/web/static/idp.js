// Only adds: every page works without this file.
const d = document;

// Show password: a button beside each password field, in the words of the page.
for (const row of d.querySelectorAll("[data-show]")) {
  const input = row.querySelector("input");
  const button = d.createElement("button");
  const { show, hide, what } = row.dataset;
  const hidden = d.createElement("span");
  hidden.className = "vh";
  hidden.textContent = ` ${what}`;
  const set = (visible) => {
    input.type = visible ? "text" : "password";
    button.replaceChildren(visible ? hide : show, hidden);
  };
  button.type = "button";
  button.className = "button plain";
  button.setAttribute("aria-controls", input.id);
  button.onclick = () => set(input.type === "password");
  set(false);
  row.append(button);
  // Password managers and the browser's own history see a password field.
  input.form.addEventListener("submit", () => set(false));
}

// One press, one request. A page that comes back from the browser's memory may be sent again.
const sent = new WeakSet();
d.addEventListener("submit", (event) => {
  if (sent.has(event.target)) event.preventDefault();
  else {
    sent.add(event.target);
    setTimeout(() => sent.delete(event.target), 10000);
  }
});
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of d.forms) sent.delete(form);
});

// Print buttons are in the page but hidden, because without a script they would do nothing.
for (const button of d.querySelectorAll("[data-print]")) {
  button.hidden = false;
  button.onclick = () => print();
}

// Passkeys (Web Authentication): what the browser answers goes into a field of the form, which is then sent.
const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt());
const toText = (bytes) =>
  btoa(String.fromCharCode(...new Uint8Array(bytes))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");

const answerOf = ({ id, type, response }) => {
  const answer = { transports: response.getTransports?.() };
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"])
    if (response[part]) answer[part] = toText(response[part]);
  return JSON.stringify({ id, rawId: id, type, response: answer });
};

const offerPasskey = async (form) => {
  const { passkey, options, waiting, stopped, exists, autofill } = form.dataset;
  const publicKey = JSON.parse(options);
  const status = form.querySelector("[role=status]");
  for (const one of [publicKey.user, ...(publicKey.excludeCredentials ?? [])]) if (one) one.id = toBytes(one.id);
  publicKey.challenge = toBytes(publicKey.challenge);
  let asked = new AbortController();
  const ask = async (mediation) => {
    asked.abort();
    asked = new AbortController();
    form.credential.value = answerOf(await navigator.credentials[passkey]({ publicKey, mediation, signal: asked.signal }));
    form.submit();
  };
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sent.has(form)) return;
    status.textContent = waiting;
    await ask().catch(({ name }) => {
      sent.delete(form);
      status.textContent = (name === "InvalidStateError" && exists) || stopped;
    });
  });
  // Beside the field for the name; it waits for as long as the page is open, and ends quietly.
  if (autofill !== undefined && (await PublicKeyCredential.isConditionalMediationAvailable?.()))
    ask("conditional").catch(() => {});
};

if (window.PublicKeyCredential) {
  for (const note of d.querySelectorAll("[data-no-passkey]")) note.hidden = true;
  for (const form of d.querySelectorAll("[data-passkey]")) offerPasskey(form);
}

d.querySelector(".errors")?.focus();

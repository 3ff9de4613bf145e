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

d.querySelector(".errors")?.focus();

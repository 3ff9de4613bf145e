// Work instead of a wait: seeks the number whose SHA-256 behind the salt is the challenge (ALTCHA version 1), and sends it.
const BATCH = 500;
const form = document.getElementById("work");
const { challenge, salt, most, signature, working } = form.dataset;
const text = new TextEncoder();
const hex = (hash) => Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
const start = parseInt(challenge.slice(0, 8), 16);

async function solve() {
  for (let first = 0; first <= most; first += BATCH) {
    const numbers = Array.from({ length: BATCH }, (_, place) => first + place);
    const hashes = await Promise.all(numbers.map((number) => crypto.subtle.digest("SHA-256", text.encode(salt + number))));
    // Comparing the first four bytes spares writing out the other hashes.
    const place = hashes.findIndex((hash) => new DataView(hash).getUint32(0) === start && hex(hash) === challenge);
    if (place >= 0) return first + place;
  }
  return null;
}

// Pages without https have no crypto.subtle: there one waits.
if (crypto.subtle) {
  form.querySelector("[role=status]").textContent = working;
  const number = await solve();
  if (number !== null) {
    form.proof.value = btoa(JSON.stringify({ algorithm: "SHA-256", challenge, number, salt, signature }));
    form.submit();
  }
}

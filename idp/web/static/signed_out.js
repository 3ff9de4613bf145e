// Goes back to the service once every site's frame has loaded, or after three seconds; without this there is the button.
const address = document.getElementById("goes-on").dataset.address;
const late = new Promise((done) => setTimeout(done, 3000));
const loaded = document.readyState === "complete" ? late : new Promise((done) => addEventListener("load", done));
Promise.race([late, loaded]).then(() => location.replace(address));

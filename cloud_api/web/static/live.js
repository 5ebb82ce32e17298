// Fetches the figures again when the cloud says that they have changed. Several changes within a moment cost one fetch.
(function () {
  "use strict";
  const state = document.getElementById("live");
  const figures = document.getElementById("figures");
  const store = state.dataset.store;
  let waiting = null;

  async function refresh() {
    waiting = null;
    const open = figures.querySelector("details")?.open;
    const answer = await fetch("/dashboard/figures" + (store ? "?store=" + store : ""), { credentials: "same-origin" });
    if (answer.redirected || !answer.ok) { location.reload(); return; }
    figures.innerHTML = await answer.text();
    const details = figures.querySelector("details");
    if (open && details) { details.open = true; }
  }

  function soon() { if (waiting === null) { waiting = setTimeout(refresh, 400); } }

  const source = new EventSource("/live/events");
  source.addEventListener("open", function () { state.textContent = "live"; state.classList.add("on"); soon(); });
  source.addEventListener("figures", function (event) { if (!store || event.data === store) { soon(); } });
  source.addEventListener("error", function () {
    state.textContent = "not connected; trying again";
    state.classList.remove("on");
  });
  setInterval(soon, 60000);
  document.getElementById("store").addEventListener("change", function () { this.form.submit(); });
})();

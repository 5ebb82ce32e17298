// Fetches the figures again when the cloud says that they have changed. Several changes within a moment cost one fetch.
(function () {
  "use strict";
  const state = document.getElementById("live");
  const figures = document.getElementById("figures");
  const store = state.dataset.store;
  let waiting = null;

  async function refresh() {
    waiting = null;
    const open = [...figures.querySelectorAll("details")].map((d) => d.open);
    let answer;
    try { answer = await fetch(state.dataset.source, { credentials: "same-origin" }); } catch { return; }
    if (answer.redirected || !answer.ok) { location.reload(); return; }
    figures.innerHTML = await answer.text();
    figures.querySelectorAll("details").forEach((d, n) => { d.open = Boolean(open[n]); });
  }

  function soon() { if (waiting === null) { waiting = setTimeout(refresh, 400); } }

  const source = new EventSource("/live/events");
  source.addEventListener("open", function () { state.textContent = state.dataset.on; state.classList.add("on"); soon(); });
  source.addEventListener("figures", function (event) { if (!store || event.data === store) { soon(); } });
  source.addEventListener("error", function () {
    state.textContent = state.dataset.off;
    state.classList.remove("on");
  });
  setInterval(soon, 60000);
})();

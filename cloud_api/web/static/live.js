// Fetches the figures again when the cloud says that they have changed. Several changes within a moment cost one fetch.
(function () {
  "use strict";
  const state = document.getElementById("live");
  const figures = document.getElementById("figures");
  const store = state.dataset.store;
  let waiting = null;

  async function refresh() {
    waiting = null;
    const all = (what) => [...figures.querySelectorAll(what)];
    let answer;
    try { answer = await fetch(state.dataset.source, { credentials: "same-origin" }); } catch { return; }
    if (answer.redirected || !answer.ok) { location.reload(); return; }
    const fresh = await answer.text();
    // What the reader has opened, scrolled, typed and has the keyboard on stays as it was.
    const open = all("details").map((d) => d.open);
    const scrolled = all(".scroll").map((box) => [box.scrollLeft, box.scrollTop]);
    const held = figures.contains(document.activeElement) ? document.activeElement : null;
    const place = held ? all(held.tagName).indexOf(held) : -1;
    const typed = held && held.tagName === "INPUT" ? [held.value, held.selectionStart, held.selectionEnd] : null;
    figures.innerHTML = fresh;
    all("details").forEach((d, n) => { d.open = Boolean(open[n]); });
    all(".scroll").forEach((box, n) => { if (scrolled[n]) { [box.scrollLeft, box.scrollTop] = scrolled[n]; } });
    if (!held) { return; }
    const link = held.getAttribute("href");
    const again = (link && all("a").find((a) => a.getAttribute("href") === link)) || all(held.tagName)[place];
    if (!again) { return; }
    if (typed) { again.value = typed[0]; }
    again.focus({ preventScroll: true });
    if (typed) { again.setSelectionRange(typed[1], typed[2]); }
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

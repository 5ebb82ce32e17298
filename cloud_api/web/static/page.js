// Small comforts of all pages; each page works without them where it can.
for (const form of document.querySelectorAll("form[data-auto]")) {
  for (const field of form.querySelectorAll("select")) {
    field.addEventListener("change", () => {
      const range = form.querySelector(".range");
      if (range && field.name === "period" && field.value === "custom") { range.removeAttribute("data-spare"); return; }
      form.requestSubmit();
    });
  }
  form.addEventListener("submit", () => {
    const period = form.elements.namedItem("period");
    if (period && period.value !== "custom") {
      for (const name of ["from", "to"]) { const f = form.elements.namedItem(name); if (f) { f.disabled = true; } }
    }
  });
}
for (const form of document.querySelectorAll("form[data-confirm]")) {
  form.addEventListener("submit", (event) => { if (!window.confirm(form.dataset.confirm)) { event.preventDefault(); } });
}
for (const button of document.querySelectorAll("button[data-print]")) { button.addEventListener("click", () => window.print()); }
for (const form of document.querySelectorAll("form[data-api]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const [wrong, done] = [form.querySelector(".error"), form.querySelector(".done")];
    wrong.hidden = done.hidden = true;
    const body = Object.fromEntries(new FormData(form));
    if ("tokenFromAddress" in form.dataset) { body.token = location.hash.slice(1); }
    const answer = await fetch(form.dataset.api, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
    const said = await answer.json();
    const place = answer.ok ? done : wrong;
    place.textContent = answer.ok ? said.words : said.detail;
    place.hidden = false;
    if (answer.ok && form.dataset.next) { setTimeout(() => { location.href = form.dataset.next; }, 1200); }
  });
}
for (const button of document.querySelectorAll("button[data-copy]")) {
  if (!navigator.clipboard) { continue; }
  button.hidden = false;
  button.addEventListener("click", async () => { await navigator.clipboard.writeText(button.dataset.copy); button.textContent = button.dataset.copied; });
}
// Charts are read by arrow keys, by pointing and by touching: what a bar says stands above it.
function read(box, n) {
  const parts = [...box.querySelectorAll("rect:has(title)")], chosen = parts[n];
  if (!chosen) { return; }
  for (const part of parts) { part.classList.toggle("read", part === chosen); }
  box.dataset.at = n;
  const told = box.nextElementSibling, around = box.getBoundingClientRect(), at = chosen.getBoundingClientRect();
  told.textContent = chosen.querySelector("title").textContent;
  const left = at.left + at.width / 2 - around.left - told.offsetWidth / 2;
  told.style.left = `${Math.max(0, Math.min(around.width - told.offsetWidth, left))}px`;
  told.style.top = `${Math.max(-8, at.top - around.top - told.offsetHeight - 8)}px`;
}
function quiet(box) {
  for (const part of box.querySelectorAll(".read")) { part.classList.remove("read"); }
  box.nextElementSibling.textContent = "";
  delete box.dataset.at;
}
document.addEventListener("focusout", (event) => { if (event.target.matches?.("[data-chart]")) { quiet(event.target); } });
document.addEventListener("pointerout", (event) => {
  const box = event.target.closest?.("[data-chart]");
  if (box && event.pointerType === "mouse" && !box.contains(event.relatedTarget) && box !== document.activeElement) { quiet(box); }
});
document.addEventListener("keydown", (event) => {
  const box = event.target.closest?.("[data-chart]");
  if (!box) { return; }
  const last = box.querySelectorAll("rect:has(title)").length - 1, at = box.dataset.at === undefined ? null : Number(box.dataset.at);
  const next = {
    ArrowRight: at === null ? 0 : at + 1, ArrowDown: at === null ? 0 : at + 1,
    ArrowLeft: at === null ? last : at - 1, ArrowUp: at === null ? last : at - 1, Home: 0, End: last,
  }[event.key];
  if (event.key === "Escape") { quiet(box); }
  if (next === undefined) { return; }
  event.preventDefault();
  read(box, Math.max(0, Math.min(last, next)));
});
for (const kind of ["pointerover", "pointerdown"]) {
  document.addEventListener(kind, (event) => {
    const part = event.target.closest?.("[data-chart] rect"), box = part?.closest("[data-chart]");
    if (box) { read(box, [...box.querySelectorAll("rect:has(title)")].indexOf(part)); }
  });
}
const tab = document.querySelector(".tabs [aria-current]");
if (tab) { const list = tab.closest("ul"); list.scrollLeft = tab.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2; }

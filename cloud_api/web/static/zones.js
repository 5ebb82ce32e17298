// The zone editor: zones are plain values in 0..1 of the frame; the drawing is made anew from them after every change.
const W = 1280, H = 720, SVG = "http://www.w3.org/2000/svg";
const box = document.getElementById("editor"), frame = document.getElementById("frame"), shapes = document.getElementById("shapes");
const inspector = document.getElementById("inspector"), hint = document.getElementById("hint"), problem = document.getElementById("problem");
const began = JSON.parse(document.getElementById("document").textContent), texts = JSON.parse(document.getElementById("texts").textContent);
const advice = document.getElementById("advice");
const state = { zones: began.zones, basedOn: began.based_on, chosen: -1, tool: "select", draft: [], cross: [0.5, 0.5], past: [], dragged: null };
const button = (name) => box.querySelector(`[data-do="${name}"]`);
const clamp = (v) => Math.min(1, Math.max(0, v));
const round = (v) => Math.round(v * 10000) / 10000;

function element(name, attributes, parent = shapes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) { made.setAttribute(key, value); }
  parent.append(made);
  return made;
}
const px = (points) => points.map(([x, y]) => `${(x * W).toFixed(1)},${(y * H).toFixed(1)}`).join(" ");
const label = (zone) => zone.name || zone.zone_id;
function arrow(points) {
  const m = Math.floor((points.length - 1) / 2), [a, b] = [points[m], points[m + 1]].map(([x, y]) => [x * W, y * H]);
  const d = Math.hypot(b[0] - a[0], b[1] - a[1]) || 1, u = [(b[0] - a[0]) / d, (b[1] - a[1]) / d], c = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  return [[c[0] - 18 * u[0], c[1] - 18 * u[1]], [c[0] + 18 * u[0], c[1] + 18 * u[1]], [c[0] - 36 * u[1], c[1] + 36 * u[0]]].map((p) => p.map((v) => v.toFixed(1)).join()).join(" ");
}
function remember() { state.past.push(JSON.stringify(state.zones)); if (state.past.length > 100) { state.past.shift(); } problem.textContent = ""; }
function change(edit) { remember(); state.zones = state.zones.map((z, n) => (n === state.chosen ? edit(z) : z)); draw(); }

function drawZone(zone, n) {
  const isLine = zone.kind === "line", chosen = n === state.chosen ? " chosen" : "";
  const shape = element(isLine ? "polyline" : "polygon", { class: (isLine ? "zone-line" : `zone-area zone-${zone.purpose}`) + chosen, points: px(zone.points) });
  shape.addEventListener("pointerdown", (event) => { if (state.tool === "select") { event.stopPropagation(); choose(n); } });
  if (isLine) { element("polygon", { class: "arrow", points: arrow(zone.points) }); }
  const x = zone.points.reduce((s, p) => s + p[0], 0) / zone.points.length, y = isLine ? zone.points[0][1] : zone.points.reduce((s, p) => s + p[1], 0) / zone.points.length;
  element("text", { x: (isLine ? zone.points[0][0] : x) * W, y: y * H - 14, "text-anchor": isLine ? "start" : "middle" }).textContent = label(zone);
}
function drawCorners(zone, focused) {
  zone.points.forEach(([x, y], k) => {
    const corner = element("circle", { class: "corner", cx: x * W, cy: y * H, r: 14, tabindex: 0, role: "button", "aria-label": texts.corner.replace("{n}", k + 1).replace("{}", label(zone)), "data-corner": k });
    corner.addEventListener("pointerdown", (event) => { event.stopPropagation(); event.preventDefault(); remember(); state.dragged = k; frame.setPointerCapture(event.pointerId); corner.focus(); });
    corner.addEventListener("keydown", (event) => cornerKey(event, k));
    if (k === focused) { corner.focus(); }
  });
}
function draw() {
  const held = document.activeElement?.dataset?.corner, focused = held === undefined ? -1 : Number(held);
  shapes.replaceChildren();
  state.zones.forEach(drawZone);
  if (state.draft.length) { element("polyline", { class: "zone-line", points: px(state.tool === "select" ? state.draft : [...state.draft, state.cross]) }); }
  if (state.tool !== "select") { element("path", { class: "zone-line", d: `M${state.cross[0] * W - 16} ${state.cross[1] * H}h32m-16 -16v32` }); }
  const zone = state.zones[state.chosen];
  if (zone) { drawCorners(zone, focused); }
  drawList(); drawInspector(zone);
  for (const b of box.querySelectorAll("[data-tool]")) { b.setAttribute("aria-pressed", String(b.dataset.tool === state.tool)); }
  button("finish").disabled = state.draft.length < (state.tool === "line" ? 2 : 3);
  button("undo").disabled = state.past.length === 0;
  button("save").disabled = JSON.stringify(state.zones) === JSON.stringify(began.zones);
  askSoon();
}
function drawList() {
  document.getElementById("list").replaceChildren(...state.zones.map((zone, n) => {
    const item = document.createElement("li"), b = document.createElement("button");
    b.type = "button"; b.className = "plain"; b.textContent = label(zone); b.setAttribute("aria-pressed", String(n === state.chosen));
    b.addEventListener("click", () => choose(n));
    const kind = document.createElement("span"); kind.className = "quiet"; kind.textContent = texts.kinds[zone.kind === "line" ? "line" : zone.purpose];
    item.append(b, kind); return item;
  }));
}
function drawInspector(zone) {
  inspector.hidden = !zone;
  if (!zone) { return; }
  for (const part of inspector.querySelectorAll("[data-for]")) { part.hidden = part.dataset.for !== zone.kind; }
  const name = document.getElementById("zone-name");
  if (document.activeElement !== name) { name.value = zone.name; }
  document.getElementById("zone-purpose").value = zone.purpose ?? "area";
  document.getElementById("zone-counts").value = zone.counts ?? "both";
}
function choose(n) { state.chosen = n; state.tool = "select"; state.draft = []; hint.textContent = n < 0 ? texts.select : texts.chosen.replace("{}", label(state.zones[n])); draw(); }
function useTool(tool) {
  state.tool = tool; state.draft = []; state.chosen = -1;
  hint.textContent = texts[tool];
  if (tool !== "select") { frame.focus(); }
  draw();
}
function newId(kind) { for (let n = 1; ; n += 1) { const id = `${kind === "line" ? "line" : "area"}_${n}`; if (!state.zones.some((z) => z.zone_id === id)) { return id; } } }
function setCorner(point) { state.draft.push(point.map(round)); draw(); }
function finish() {
  if (state.draft.length < (state.tool === "line" ? 2 : 3)) { return; }
  remember();
  const kind = state.tool, id = newId(kind), common = { kind, zone_id: id, name: "", revision: 1, points: state.draft };
  state.zones = [...state.zones, kind === "line" ? { ...common, counts: "both" } : { ...common, purpose: "area" }];
  choose(state.zones.length - 1);
  document.getElementById("zone-name").focus();
}
function place(event) { const r = frame.getBoundingClientRect(); return [clamp((event.clientX - r.left) / r.width), clamp((event.clientY - r.top) / r.height)]; }
function move(k, point) { state.zones = state.zones.map((z, n) => (n === state.chosen ? { ...z, points: z.points.map((p, i) => (i === k ? point.map(round) : p)) } : z)); draw(); }
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
function stepped(point, event) { const s = STEPS[event.key], far = event.shiftKey ? 0.05 : 0.01; return [clamp(point[0] + s[0] * far), clamp(point[1] + s[1] * far)]; }
function cornerKey(event, k) {
  const zone = state.zones[state.chosen];
  if (STEPS[event.key]) { event.preventDefault(); event.stopPropagation(); remember(); move(k, stepped(zone.points[k], event)); }
  if (event.key === "Delete") {
    event.preventDefault();
    if (zone.points.length <= (zone.kind === "line" ? 2 : 3)) { problem.textContent = texts.few; return; }
    change((z) => ({ ...z, points: z.points.filter((_, i) => i !== k) }));
  }
}
frame.addEventListener("pointerdown", (event) => { if (state.tool === "select") { choose(-1); } else { setCorner(place(event)); } });
frame.addEventListener("pointermove", (event) => { if (state.dragged !== null) { move(state.dragged, place(event)); } else if (state.tool !== "select") { state.cross = place(event); draw(); } });
frame.addEventListener("pointerup", () => { state.dragged = null; });
frame.addEventListener("pointercancel", () => { state.dragged = null; });
frame.addEventListener("dblclick", () => { if (state.tool !== "select") { state.draft.pop(); finish(); } });
frame.addEventListener("keydown", (event) => {
  if (state.tool === "select") { return; }
  if (STEPS[event.key]) { event.preventDefault(); state.cross = stepped(state.cross, event); draw(); }
  else if (event.key === "Enter" && event.shiftKey) { event.preventDefault(); finish(); }
  else if (event.key === "Enter") { event.preventDefault(); setCorner([...state.cross]); }
  else if (event.key === "Escape") { useTool("select"); }
});
for (const b of box.querySelectorAll("[data-tool]")) { b.addEventListener("click", () => useTool(b.dataset.tool)); }
document.getElementById("zone-name").addEventListener("change", (event) => change((z) => ({ ...z, name: event.target.value.trim() })));
document.getElementById("zone-purpose").addEventListener("change", (event) => change((z) => ({ ...z, purpose: event.target.value })));
document.getElementById("zone-counts").addEventListener("change", (event) => change((z) => ({ ...z, counts: event.target.value })));
button("finish").addEventListener("click", finish);
button("undo").addEventListener("click", () => { state.zones = JSON.parse(state.past.pop()); state.chosen = Math.min(state.chosen, state.zones.length - 1); draw(); });
button("flip").addEventListener("click", () => change((z) => ({ ...z, points: [...z.points].reverse() })));
button("remove").addEventListener("click", () => { remember(); state.zones = state.zones.filter((_, n) => n !== state.chosen); choose(-1); });
button("add-corner").addEventListener("click", () => change((z) => { const p = z.points, n = p.length, m = Math.floor((n - 1) / 2), a = p[m], b = p[m + 1]; return { ...z, points: [...p.slice(0, m + 1), [round((a[0] + b[0]) / 2), round((a[1] + b[1]) / 2 + 0.001)], ...p.slice(m + 1)] }; }));
button("save").addEventListener("click", async () => {
  button("save").disabled = true;
  const body = JSON.stringify({ based_on: state.basedOn, zones: state.zones, note: document.getElementById("note").value });
  let answer, said;
  try { answer = await fetch(box.dataset.save, { method: "POST", headers: { "Content-Type": "application/json" }, body }); said = await answer.json(); }
  catch { problem.textContent = texts.silent; button("save").disabled = false; return; }
  if (!answer.ok) { problem.textContent = said.detail; button("save").disabled = false; return; }
  window.removeEventListener("beforeunload", warn);
  location.reload();
});
let waiting = null, told = "";
function askSoon() {
  const now = JSON.stringify(state.zones);
  if (now !== told) { clearTimeout(waiting); waiting = setTimeout(ask, 350); }
}
async function ask() {
  const asked = JSON.stringify(state.zones);
  let found;
  try {
    const answer = await fetch(box.dataset.advice, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ zones: state.zones }) });
    if (!answer.ok) { return; }
    found = await answer.json();
  } catch { return; }
  if (asked !== JSON.stringify(state.zones)) { askSoon(); return; }
  told = asked;
  advice.replaceChildren(...found.map((one) => {
    const item = document.createElement("li"), zone = state.zones.find((z) => z.zone_id === one.zone_id);
    item.className = one.is_wrong ? "wrong" : "";
    item.textContent = `${zone ? label(zone) : one.zone_id}: ${one.words}`;
    return item;
  }));
}
button("heat")?.addEventListener("click", () => {
  const shown = button("heat").getAttribute("aria-pressed") !== "true";
  button("heat").setAttribute("aria-pressed", String(shown));
  document.getElementById("heat").toggleAttribute("hidden", !shown);
});
function warn(event) { if (!button("save").disabled) { event.preventDefault(); } }
window.addEventListener("beforeunload", warn);
draw();

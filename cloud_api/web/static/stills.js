// Stills are asked for only while they are shown and the page is looked at.
const button = document.querySelector("[data-stills]"), box = document.getElementById("stills");
async function look(figure) {
  let answer;
  try { answer = await fetch(figure.dataset.still, { cache: "no-store" }); } catch { return; }
  if (answer.status !== 200) { return; }
  const picture = figure.querySelector("img, image"), reader = new FileReader(), still = await answer.blob();
  reader.addEventListener("load", () => {
    picture.setAttribute(picture.localName === "img" ? "src" : "href", reader.result);
    picture.removeAttribute("hidden");
    figure.querySelector("[data-wait]")?.remove();
  });
  reader.readAsDataURL(still);
}
function all() { if (button.getAttribute("aria-pressed") === "true" && !document.hidden) { for (const f of document.querySelectorAll("[data-still]")) { look(f); } } }
button.addEventListener("click", () => {
  const shown = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(shown));
  button.textContent = shown ? button.dataset.hide : button.dataset.show;
  if (box) { box.hidden = !shown; }
  for (const p of document.querySelectorAll("image[href]")) { p.toggleAttribute("hidden", !shown); }
  all();
});
setInterval(all, 10000);
document.addEventListener("visibilitychange", all);

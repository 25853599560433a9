// The frame: menu on small screens, choices that submit themselves, notices that fade.
"use strict";
document.addEventListener("click", (event) => {
  const button = event.target.closest(".menu-button");
  if (!button) return;
  const side = document.getElementById("side");
  const isOpen = side.toggleAttribute("data-open");
  button.setAttribute("aria-expanded", String(isOpen));
});
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
});
// A form whose answer takes its time says so at once, and is sent once only.
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-busy]")) return;
  for (const button of event.target.querySelectorAll("button")) button.disabled = true;
  const note = event.target.parentElement.querySelector(".busy-note");
  if (note) note.hidden = false;
});
window.addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[data-busy] button")) button.disabled = false;
});
document.addEventListener("htmx:afterSettle", () => {
  document.querySelector("[data-announce] [data-first]")?.focus({ preventScroll: false });
  for (const notice of document.querySelectorAll("#notices [data-fades]:not([data-fading])")) {
    notice.setAttribute("data-fading", "");
    setTimeout(() => notice.remove(), 12000);
  }
});

// Teach by example: the selection in the title becomes a mark, counted in characters as the server counts.
"use strict";
(() => {
  const characters = (text, units) => Array.from(text.slice(0, units)).length;

  function mark(form, field) {
    const title = form.querySelector("[data-title]");
    const { selectionStart: from, selectionEnd: to, value } = title;
    if (from === to) return;
    const start = characters(value, from);
    const stop = characters(value, to);
    for (const other of form.querySelectorAll("[data-mark]")) {
      const [begin, end] = other.value.split("-").map(Number);
      if (other.value && begin < stop && start < end) other.value = "";
    }
    form.querySelector(`[data-mark="${field}"]`).value = `${start}-${stop}`;
    title.focus();
    htmx.trigger(form, "marked");
  }

  function unmark(form) {
    const title = form.querySelector("[data-title]");
    const at = characters(title.value, title.selectionStart);
    for (const other of form.querySelectorAll("[data-mark]")) {
      const [begin, end] = other.value.split("-").map(Number);
      if (other.value && begin <= at && at <= end) other.value = "";
    }
    htmx.trigger(form, "marked");
  }

  // Not "readonly": the cursor has to walk in it. What would change it is refused instead.
  document.addEventListener("beforeinput", (event) => {
    if (event.target.matches?.("[data-title]")) event.preventDefault();
  });
  document.addEventListener("mousedown", (event) => {
    // The selection stays when a button is pressed.
    if (event.target.closest("[data-example] [data-field]")) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-example] [data-field]");
    if (button) mark(button.form ?? button.closest("form"), button.dataset.field);
  });
  document.addEventListener("keydown", (event) => {
    if (!event.target.matches?.("[data-title]") || event.ctrlKey || event.metaKey || event.altKey) return;
    const form = event.target.form;
    const buttons = form.querySelectorAll("[data-field]");
    const number = Number(event.key);
    if (number >= 1 && number <= buttons.length) {
      event.preventDefault();
      mark(form, buttons[number - 1].dataset.field);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      unmark(form);
    }
  });
})();

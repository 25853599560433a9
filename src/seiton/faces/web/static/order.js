// Reordering a list by mouse, finger or keys. The server says what it would do before it is done.
"use strict";
(() => {
  let dragged = null;

  const rowOf = (element) => element.closest("[data-order] > li");

  function ask(row) {
    const next = row.nextElementSibling;
    const handle = row.querySelector(".handle");
    htmx.ajax("POST", handle.dataset.place, {
      target: "#parser-rows",
      values: { before: next ? next.dataset.id : "" },
    });
  }

  function mark(row, event) {
    for (const other of row.parentElement.children) other.classList.remove("above", "below");
    const box = row.getBoundingClientRect();
    const isAbove = event.clientY < box.top + box.height / 2;
    row.classList.add(isAbove ? "above" : "below");
    return isAbove;
  }

  document.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest(".handle");
    if (!handle || event.button !== 0) return;
    dragged = rowOf(handle);
    dragged.setAttribute("data-pressed", "");
  });
  document.addEventListener("dragstart", (event) => event.target.closest?.(".handle") && event.preventDefault());
  document.addEventListener("pointermove", (event) => {
    if (!dragged) return;
    dragged.classList.add("dragged");
    const under = document.elementFromPoint(event.clientX, event.clientY);
    const row = under && rowOf(under);
    if (row && row !== dragged && row.parentElement === dragged.parentElement) mark(row, event);
  });
  document.addEventListener("pointerup", (event) => {
    if (!dragged) return;
    const row = dragged;
    dragged = null;
    const list = row.parentElement;
    const above = list.querySelector(".above");
    const below = list.querySelector(".below");
    row.classList.remove("dragged");
    for (const other of list.children) other.classList.remove("above", "below");
    if (above) above.before(row);
    else if (below) below.after(row);
    else return;
    ask(row);
    event.preventDefault();
  });
  document.addEventListener("pointercancel", () => {
    if (dragged) dragged.classList.remove("dragged");
    dragged = null;
  });

  // Keys: arrows carry the row, Enter asks, Escape puts it back.
  let carried = null;
  document.addEventListener("keydown", (event) => {
    const handle = event.target.closest?.(".handle");
    if (!handle) return;
    const row = rowOf(handle);
    if (event.key === "ArrowUp" || event.key === "ArrowDown") {
      event.preventDefault();
      carried ??= { row, next: row.nextElementSibling };
      const other = event.key === "ArrowUp" ? row.previousElementSibling : row.nextElementSibling;
      if (!other) return;
      if (event.key === "ArrowUp") other.before(row);
      else other.after(row);
      row.setAttribute("data-proposed", "");
      handle.focus();
    } else if ((event.key === "Enter" || event.key === " ") && carried) {
      event.preventDefault();
      carried = null;
      ask(row);
    } else if (event.key === "Escape" && carried) {
      row.parentElement.insertBefore(row, carried.next);
      row.removeAttribute("data-proposed");
      carried = null;
      handle.focus();
    }
  });
})();

// Filter boxes: type to show only the rows and blocks whose data-name has the text. An input names, in
// data-filters, the element that they are in. A link to something hidden shows it.
(() => {
  "use strict";
  const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function apply(input) {
    const sought = plain(input.value.trim());
    const within = document.getElementById(input.dataset.filters);
    const names = new Set(), shown = new Set();
    for (const element of within.querySelectorAll("[data-name]")) {
      const name = element.dataset.name;
      const matches = plain(name).includes(sought);
      element.hidden = !matches;
      names.add(name);
      if (matches) shown.add(name);
    }
    const output = input.parentElement.querySelector("output");
    output.value = sought ? `${shown.size} of ${names.size}` : "";
  }

  function reveal() {
    let id = location.hash.slice(1);
    try { id = decodeURIComponent(id); } catch { return; }
    const target = document.getElementById(id);
    if (!target) return;
    for (let element = target; element; element = element.parentElement) {
      if (element.tagName === "DETAILS") element.open = true;
      if (element.hidden && element.dataset.name !== undefined) {
        for (const input of document.querySelectorAll("input[data-filters]")) {
          const within = document.getElementById(input.dataset.filters);
          if (within.contains(element)) { input.value = ""; apply(input); }
        }
      }
    }
    target.scrollIntoView();
  }

  function start() {
    for (const input of document.querySelectorAll("input[data-filters]")) {
      input.parentElement.hidden = false;
      input.addEventListener("input", () => apply(input));
    }
    window.addEventListener("hashchange", reveal);
    if (location.hash) reveal();
  }

  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();

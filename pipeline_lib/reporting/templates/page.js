"use strict";
// The page without this script is whole: it adds sorting, copying, evidence in a dialog, and the theme.
(() => {
  const byId = (id) => document.getElementById(id);
  const textOf = (cell) => (cell.dataset.value ?? cell.textContent).trim();

  function themeButton() {
    const button = byId("theme");
    const root = document.documentElement;
    const dark = () =>
      root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    const show = () => { button.textContent = dark() ? "light" : "dark"; };
    button.hidden = false;
    button.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; show(); });
    show();
  }

  // Empty cells go last in both directions.
  function sortBy(table, column, type, ascending) {
    const body = table.tBodies[0];
    const value = (row) => textOf(row.cells[column]);
    const number = (row) => (value(row) === "" ? NaN : Number(value(row)));
    const order = (a, b) => {
      if (type !== "number") return value(a).localeCompare(value(b));
      const [x, y] = [number(a), number(b)];
      if (Number.isNaN(x) || Number.isNaN(y)) return (Number.isNaN(x) - Number.isNaN(y)) * (ascending ? 1 : -1);
      return x - y;
    };
    const rows = [...body.rows].sort((a, b) => (ascending ? order(a, b) : order(b, a)));
    body.append(...rows);
  }

  function sortable(table) {
    const heads = [...table.tHead.querySelectorAll("th[data-type]")];
    for (const head of heads) {
      const act = () => {
        const ascending = head.getAttribute("aria-sort") !== "ascending";
        heads.forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", ascending ? "ascending" : "descending");
        sortBy(table, Number(head.dataset.column ?? head.cellIndex), head.dataset.type, ascending);
      };
      head.tabIndex = 0;
      head.addEventListener("click", act);
      head.addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); }
      });
    }
  }

  // A table as rows of texts: row, then paper, ours, low and high of each metric.
  function records(name) {
    const head = ["row"];
    const rows = [];
    for (const table of document.querySelectorAll(`table[data-table="${CSS.escape(name)}"]`)) {
      for (const row of table.tBodies[0].rows) {
        const values = { row: row.cells[0].dataset.value };
        for (const cell of row.querySelectorAll("td[data-metric]")) {
          for (const part of ["paper", "ours", "low", "high"]) {
            const key = `${cell.dataset.metric} ${part}`;
            if (!head.includes(key)) head.push(key);
            if (cell.dataset[part] !== undefined) values[key] = cell.dataset[part];
          }
        }
        rows.push(values);
      }
    }
    const used = head.filter((key) => rows.some((row) => (row[key] ?? "") !== ""));
    return [used, rows.map((row) => used.map((key) => row[key] ?? ""))];
  }

  const latex = (text) =>
    text.replace(/\\/g, "\0").replace(/[&%$#_{}]/g, "\\$&").replace(/~/g, "\\textasciitilde{}")
      .replace(/\^/g, "\\textasciicircum{}").replace(/\0/g, "\\textbackslash{}");
  const forms = {
    CSV: ([head, rows]) =>
      [head, ...rows].map((row) => row.map((text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text)).join(",")).join("\n") + "\n",
    Markdown: ([head, rows]) => {
      const line = (row) => `| ${row.map((text) => text.replace(/\|/g, "\\|")).join(" | ")} |`;
      const rule = `|${head.map((_, n) => (n ? " ---: |" : " --- |")).join("")}`;
      return [line(head), rule, ...rows.map(line)].join("\n") + "\n";
    },
    LaTeX: ([head, rows]) => {
      const line = (row) => `${row.map(latex).join(" & ")} \\\\`;
      const columns = `l${"r".repeat(head.length - 1)}`;
      return [`\\begin{tabular}{${columns}}`, "\\toprule", line(head), "\\midrule", ...rows.map(line), "\\bottomrule", "\\end{tabular}"].join("\n") + "\n";
    },
  };

  async function copy(text, button) {
    const label = button.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch { // file:// may have no clipboard: a text area works everywhere
      const area = document.createElement("textarea");
      area.value = text;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    button.textContent = "copied";
    setTimeout(() => { button.textContent = label; }, 1200);
  }

  // What stands behind a cell: the JSON of the page by file of scores, and the cell's own data.
  function evidence(dialog, jobs) {
    const list = dialog.querySelector("dl");
    const row = (name, value, href) => {
      if (!value) return;
      const [term, text] = [document.createElement("dt"), document.createElement("dd")];
      term.textContent = name;
      if (href) {
        const link = document.createElement("a");
        Object.assign(link, { href, textContent: value });
        text.append(link);
      } else text.textContent = value;
      list.append(term, text);
    };
    return (cell) => {
      const { row: name, metric, table, paper, ours, low, high, scores, images, column } = cell.dataset;
      const job = jobs[scores] ?? {};
      list.replaceChildren();
      dialog.querySelector("h3").textContent = `${table}: ${name}, ${metric}`;
      row("ours", ours);
      row("95 % interval", low && `${low} to ${high}`);
      row("paper", paper);
      row("row of the table", `${table}.csv`, document.querySelector(`#${table} a[href$=".csv"]`).getAttribute("href"));
      row("scores", scores, scores && `../${scores}`);
      row("by image", images && `${images}, column "${column}"`, images && `../${images}`);
      row("log", job.log, job.log && `../${job.log}`);
      const pre = dialog.querySelector("pre");
      pre.textContent = job.command ?? "";
      pre.hidden = !job.command;
      dialog.showModal();
    };
  }

  themeButton();
  document.querySelectorAll("table.sortable").forEach(sortable);
  for (const button of document.querySelectorAll("button[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => copy(forms[button.dataset.copy](records(button.dataset.of)), button));
  }
  const dialog = byId("evidence");
  const open = evidence(dialog, JSON.parse(byId("evidence-data").textContent));
  document.addEventListener("click", (event) => {
    const link = event.target.closest("td.ours a");
    if (link) {
      event.preventDefault();
      history.replaceState(null, "", link.getAttribute("href"));
      open(link.closest("td"));
    }
  });
  const atStart = location.hash ? byId(decodeURIComponent(location.hash.slice(1))) : null;
  if (atStart?.matches("td.ours")) open(atStart);
  for (let place = atStart; place; place = place.parentElement) if (place.tagName === "DETAILS") place.open = true;
  globalThis.page = { records, forms };
})();

"use strict";
// Every table of figures gets a button that saves it, under the name in data-csv or that of its
// section. A table that shows only a part of its rows hears "csv" on itself and hands over all of
// them in event.detail.rows.
(() => {
  const textOf = (node) =>
    node.nodeType === Node.TEXT_NODE
      ? node.data
      : node.localName === "svg" ? "" : [...node.childNodes].map(textOf).join(" ");

  const plain = (text) => text.replace(/[\s\u00a0]+/g, " ").replace(/\u00ad/g, "").trim();

  const rowsOf = (table) =>
    [...table.rows].map((row) => [...row.cells].map((cell) => plain(textOf(cell))));

  // A spreadsheet runs what begins like a formula, and one that parts cells at semicolons or tabs
  // begins anew behind each; an apostrophe makes a text of it. A plain negative number stays one.
  const FORMULA = /(^|[;\t\r\n])(?=\s*[=+\-@＝＋－＠]|[\t\r])/g;
  const NUMBER = /^-[\d.,]+$/;
  const cellOf = (text) => {
    const safe = NUMBER.test(text) ? text : text.replace(FORMULA, "$1'");
    return /[",;\t\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const nameOf = (table) => {
    const section = table.closest("section[aria-labelledby]");
    if (table.dataset.csv || !section) return table.dataset.csv || "table";
    const place = [...section.querySelectorAll("table")].indexOf(table) + 1;
    return `${section.getAttribute("aria-labelledby")}-${place}`;
  };

  const save = (table) => {
    const asked = new CustomEvent("csv", { detail: { rows: null } });
    table.dispatchEvent(asked);
    const rows = asked.detail.rows ?? rowsOf(table);
    const text = rows.map((row) => row.map(cellOf).join(",")).join("\r\n");
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob(["\ufeff", text, "\r\n"], { type: "text/csv" }));
    link.download = `${nameOf(table)}.csv`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  };

  for (const table of document.querySelectorAll("table:not(.waterfall)")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "csv";
    button.textContent = "Download CSV";
    if (table.caption) button.setAttribute("aria-label", `Download CSV: ${plain(textOf(table.caption))}`);
    button.addEventListener("click", () => save(table));
    const box = document.createElement("div");
    table.replaceWith(box);
    box.append(table, button);
  }
})();

"use strict";
(() => {
  const PAGE = 25;
  const at = (id) => document.getElementById(id);
  const data = at("leads-data") && JSON.parse(at("leads-data").textContent);
  if (!data) return;
  const total = data.ids.length;
  const table = at("leads-table");
  const dialog = at("leads-dialog");
  const search = at("leads-search");
  const stage = at("leads-stage");
  const body = table.tBodies[0];
  const buttons = [...table.querySelectorAll("button.sort")];
  const packs = JSON.parse(at("leads-cards").textContent);
  const inPack = Number(at("leads-cards").dataset.pack);
  const unpacked = new Map();
  const collator = new Intl.Collator("en", { numeric: true });
  const say = (column, k) => data[column].texts[data[column].codes[k]];
  const counted = (n) => n.toLocaleString("en");
  // What each lead is found by.
  const found = data.ids.map((id, k) =>
    [id, data.names?.[k] ?? "", data.source ? say("source", k) : ""].join("\n").toLowerCase());
  let sorted = { column: "score", descending: true };
  let order = data.ids.map((_, k) => k);
  let shown = order;
  let page = 0;
  let wanted;

  const make = (tag, text, className) => {
    const node = document.createElement(tag);
    if (text) node.textContent = text;
    if (className) node.className = className;
    return node;
  };

  // Leads come by probability, so that their places are that order; ties keep it.
  const compare = () => {
    const { column, descending } = sorted;
    const sign = descending ? -1 : 1;
    if (column === "score") return (a, b) => sign * (b - a);
    if (column === "ids") return (a, b) => sign * collator.compare(data.ids[a], data.ids[b]) || a - b;
    const { codes } = data[column];
    return (a, b) => sign * (codes[a] - codes[b]) || a - b;
  };

  const rowOf = (k) => {
    const row = make("tr");
    const lead = make("th");
    lead.scope = "row";
    const opens = make("button", data.ids[k], "opens");
    opens.type = "button";
    opens.dir = "auto";
    opens.setAttribute("aria-haspopup", "dialog");
    opens.addEventListener("click", () => open(k));
    lead.append(opens);
    if (data.names?.[k]) lead.append(make("span", data.names[k], "hint"));
    const score = make("td", say("score", k), "number");
    score.append(make("br"), make("span", `(${say("interval", k)})`, "interval"));
    row.append(lead, score);
    for (const column of ["stage", "fit", "engagement", "source"]) {
      if (data[column]) row.append(make("td", say(column, k)));
    }
    return row;
  };

  const show = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(Math.max(page, 0), pages - 1);
    const first = page * PAGE;
    const rows = shown.slice(first, first + PAGE);
    body.replaceChildren(...rows.map(rowOf));
    at("leads-page").textContent = `Page ${counted(page + 1)} of ${counted(pages)}`;
    at("leads-back").disabled = page === 0;
    at("leads-next").disabled = page === pages - 1;
    const all = shown.length === total ? counted(total) : `${counted(shown.length)} of ${counted(total)}`;
    at("leads-count").textContent = rows.length
      ? `${all} ${total === 1 ? "lead" : "leads"}; shown: ${counted(first + 1)} to ${counted(first + rows.length)}.`
      : "No lead is like that.";
  };

  const choose = () => {
    const wanted = search.value.trim().toLowerCase();
    const own = stage.value === "" ? -1 : Number(stage.value);
    shown = order.filter((k) =>
      (own < 0 || data.stage.codes[k] === own) && found[k].includes(wanted));
    page = 0;
    show();
  };

  const sort = (column) => {
    const same = sorted.column === column;
    sorted = { column, descending: same ? !sorted.descending : column === "score" };
    order.sort(compare());
    for (const button of buttons) {
      const head = button.closest("th");
      if (button.dataset.column === column) {
        head.setAttribute("aria-sort", sorted.descending ? "descending" : "ascending");
      } else head.removeAttribute("aria-sort");
    }
    choose();
  };

  const facts = (k) => {
    const card = at("card-none").content.cloneNode(true);
    card.querySelector("strong").textContent = say("score", k);
    card.querySelector(".interval").textContent = `(${say("interval", k)})`;
    const named = { fit: "Fit ", engagement: "Engagement ", source: "Source: " };
    const said = [say("stage", k)];
    for (const [column, before] of Object.entries(named)) {
      if (data[column] && say(column, k)) said.push(before + say(column, k));
    }
    if (data.names?.[k]) said.push(data.names[k]);
    card.querySelector(".soft").textContent = said.join(" · ");
    return card;
  };

  const unpack = async (pack) => {
    const bytes = Uint8Array.from(atob(packs[pack]), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    const text = await new Response(stream).text();
    return new DOMParser().parseFromString(text, "text/html").querySelectorAll("template");
  };

  const cardOf = async (k) => {
    const pack = Math.floor(k / inPack);
    if (!packs[pack]?.length || !("DecompressionStream" in window)) return facts(k);
    if (!unpacked.has(pack)) unpacked.set(pack, unpack(pack).catch(() => []));
    const template = (await unpacked.get(pack))[k % inPack];
    return template ? document.importNode(template.content, true) : facts(k);
  };

  const open = async (k) => {
    wanted = k;
    at("leads-dialog-title").textContent = `Lead ${data.ids[k]}`;
    at("leads-dialog-body").replaceChildren();
    dialog.showModal();
    at("leads-dialog-title").focus();
    const card = await cardOf(k);
    if (wanted !== k) return;
    at("leads-dialog-body").replaceChildren(card);
    dialog.scrollTop = 0;
  };

  const turn = (step, button, other) => {
    page += step;
    show();
    // A button that has just become useless would lose the keyboard.
    if (button.disabled) other.focus();
  };

  data.stage.texts.forEach((text, k) => {
    const option = make("option", text);
    option.value = k;
    stage.append(option);
  });
  for (const button of buttons) {
    button.addEventListener("click", () => sort(button.dataset.column));
  }
  search.addEventListener("input", choose);
  stage.addEventListener("change", choose);
  const [back, next] = [at("leads-back"), at("leads-next")];
  back.addEventListener("click", () => turn(-1, back, next));
  next.addEventListener("click", () => turn(1, next, back));
  at("leads-close").addEventListener("click", () => dialog.close());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  table.addEventListener("csv", (event) => {
    const columns = ["stage", "fit", "engagement", "source"].filter((column) => data[column]);
    const heads = ["lead", "probability", "interval", ...columns, ...(data.names ? ["names"] : [])];
    event.detail.rows = [heads, ...shown.map((k) => [
      data.ids[k], say("score", k).replace("\u00a0", " "), say("interval", k),
      ...columns.map((column) => say(column, k)), ...(data.names ? [data.names[k]] : []),
    ])];
  });
  at("leads-all").hidden = false;
  at("leads-few").hidden = true;
  at("leads-few-words").hidden = true;
  show();
})();

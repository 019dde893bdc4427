"use strict";
// Which line fits what a team can take on, and what does it earn? All texts come ready made.
(() => {
  const source = document.getElementById("lines-data");
  if (source === null) return;
  const data = JSON.parse(source.textContent);
  const place = (name) => document.querySelector(`[data-lines="${name}"]`);
  const input = (name) => document.getElementById(`lines-${name}`);
  const [slider, capacity, value, cost] = ["slider", "capacity", "value", "cost"].map(input);
  const plot = Object.fromEntries(
    Object.entries(place("chart").dataset).map(([name, text]) => [name, Number(text)]),
  );
  const UNSOUND =
    "A contact must cost 0 or more, and less than is brought in; else none is worth a call.";
  const percentOf = (part) => `${100 * part}%`;

  const amount = (number) => {
    const digits = Math.abs(number) >= 99.95 ? 0 : 1;
    const text = Math.abs(number).toLocaleString("en-US", { maximumFractionDigits: digits });
    return number < 0 && text !== "0" ? `\u2212${text}` : text;
  };

  const percent = (share) => {
    const edge = Math.min(share, 1 - share);
    const digits = edge < 1e-9 || edge >= 0.095 ? 0 : edge >= 0.00095 ? 1 : 2;
    const text = (100 * share).toFixed(digits);
    return `${Number(text) === 0 || Number(text) === 100 ? Number(text) : text}\u00a0%`;
  };

  const told = (field) => (field.value === "" ? null : Number(field.value));

  // The last step that a capacity fits, or the first.
  const stepFor = (leads) =>
    Math.max(data.steps.filter((step) => step.capacity <= leads).length - 1, 0);

  const earned = (step, wins, worth, price) => wins * worth - step.contacts * price;

  // The step with the largest profit expected, the highest of lines alike; -1 where none pays.
  const bestFor = (worth, price) => {
    const profits = data.steps.map((step) => earned(step, step.wins.value, worth, price));
    const largest = Math.max(...profits);
    return largest > 0 ? profits.indexOf(largest) : -1;
  };

  const profit = (step, worth, price) => {
    const said = (wins) => amount(earned(step, wins, worth, price));
    const { value: middle, lower, upper, happened } = step.wins;
    return (
      `Profit: ${said(middle)} a week expected (${said(lower)} to ${said(upper)}), ` +
      `${said(happened)} as it happened.`
    );
  };

  const upright = (mark, step) => {
    mark.hidden = step === undefined;
    if (mark.hidden) return;
    mark.style.left = percentOf(plot.left + (plot.width * step.contacts) / plot.contactsEnd);
    mark.style.top = percentOf(plot.top);
    mark.style.height = percentOf(plot.height);
  };

  const dot = (mark, step) => {
    mark.hidden = false;
    mark.style.left = percentOf(plot.left + (plot.width * step.contacts) / plot.contactsEnd);
    mark.style.top = percentOf(plot.top + plot.height * (1 - step.wins.value / plot.winsEnd));
  };

  const say = (target, text) => {
    if (target.textContent !== text) target.textContent = text;
  };

  const bestWords = (best, step, worth, price) => {
    const pays = `A contact pays from ${percent(price / worth)} on.`;
    const found = data.steps[best];
    if (found === undefined) return `${pays} No line tried brings more than it costs.`;
    if (found === step) return `${pays} Of the lines tried, the one chosen brings most.`;
    const most = `${pays} Of the lines tried, most is brought by ${found.said.calls}, from ${found.said.line} on`;
    const sooner = best + 1 < data.steps.length && data.steps[best + 1].probability >= price / worth;
    if (!sooner) return `${most}.`;
    return `${most}: lower ones also call the same leads sooner, when less speaks for them.`;
  };

  const showWorth = (step) => {
    const [worth, price] = [told(value), told(cost)];
    const known = worth !== null && price !== null;
    const sound = known && price >= 0 && worth > price;
    const best = sound ? bestFor(worth, price) : -1;
    const found = data.steps[best];
    say(place("profit"), sound ? profit(step, worth, price) : "");
    let said = known ? UNSOUND : "";
    if (sound) said = bestWords(best, step, worth, price);
    say(place("best"), said);
    upright(place("best-mark"), found);
    place("best-legend").hidden = found === undefined;
    place("to-best").hidden = found === undefined || found === step;
    place("to-best").dataset.step = String(best);
  };

  const show = () => {
    const step = data.steps[Number(slider.value)];
    slider.setAttribute("aria-valuetext", `${step.said.calls}, line at ${step.said.line}`);
    for (const target of document.querySelectorAll("[data-said]")) {
      say(target, step.said[target.dataset.said]);
    }
    upright(place("here"), step);
    dot(place("dot"), step);
    showWorth(step);
  };

  const choose = (step) => {
    slider.value = String(step);
    capacity.value = String(data.steps[step].capacity);
    show();
  };

  slider.addEventListener("input", () => choose(Number(slider.value)));
  capacity.addEventListener("input", () => {
    if (told(capacity) === null) return;
    slider.value = String(stepFor(told(capacity)));
    show();
  });
  for (const field of [value, cost]) field.addEventListener("input", show);
  place("to-best").addEventListener("click", () => {
    choose(Number(place("to-best").dataset.step));
    slider.focus();
  });
  place("tool").addEventListener("submit", (event) => event.preventDefault());

  value.value = data.value_per_win ?? "";
  cost.value = data.cost_per_contact ?? "";
  place("off").hidden = true;
  for (const name of ["tool", "said", "legend"]) place(name).hidden = false;
  choose(data.start);
})();

// The table: only the rows in sight are in the document, so that any number of them stays fluid.

const OVERSCAN = 6;
const MOST_WIDTH = 34; // characters
const NARROW = matchMedia("(max-width: 600px)");

// Columns from the left; the others follow as the table has them.
const FIRST = [
  "state", "verdict", "table", "experiment", "group", "size", "task", /^p\./, "kernel_impl", "ours",
  "peer", "phase", "metric", "value", "ratio", "ci_low", "ci_high", "ratio_low", "ratio_high",
];
const LAST = ["status", "gate", "valid", "trials", "done", "n", "interval", "reasons", "error"];
// Shown when asked for: names that only machines read, and what another column tells.
const KEPT_BACK = /^(trial_key|case_id|provenance|resolved|signature|group_mean|group_at_most|source|schema_version|direction|unit|repetition|size\..*|.*\.case_id)$/;

const grid = {
  rows: [], names: [], widths: [], active: { place: -1, column: 0 }, shown: new Map(),
};

function placeOfColumn(name) {
  const at = (list) => list.findIndex((one) => (one.test ? one.test(name) : one === name));
  const last = at(LAST);
  if (last >= 0) return 1000 + last;
  const first = at(FIRST);
  return first >= 0 ? first : 500;
}

function orderedColumns(sheet) {
  const names = [...sheet.columns.keys()];
  return names.map((name, n) => [placeOfColumn(name), n, name])
    .sort((a, b) => a[0] - b[0] || a[1] - b[1]).map((one) => one[2]);
}

function defaultColumns(sheet) {
  const kept = orderedColumns(sheet).filter((name) => {
    if (sheet.kind !== "rows" && sheet.kind !== "summary" && name === "group") return true;
    const back = KEPT_BACK.test(name) || (sheet.kind === "rows" && name === "group");
    return !back && (name === "state" || name === "value" || !sheet.columns.get(name).isConstant);
  });
  return kept.length > 1 ? kept : orderedColumns(sheet);
}

// A cell's text: measured values in the unit of their metric.
function cellText(sheet, name, row) {
  const column = sheet.columns.get(name);
  if (!column.isNumber) return column.text(row);
  const raw = column.numbers[row];
  if (typeof raw !== "number") return raw === null ? "" : raw;
  if (name === "value" || name === "ci_low" || name === "ci_high") {
    if (sheet.kind === "verdicts") return number(raw);
    const { factor, unit } = sheet.scale(row);
    return name === "value" ? withUnit(raw / factor, unit) : number(raw / factor);
  }
  return number(raw, Number.isInteger(raw) ? 12 : 4);
}

function widthOf(sheet, name) {
  const column = sheet.columns.get(name);
  let longest = title(name).length + 3; // and the arrow
  const measure = (text) => {
    if (text.length > longest) longest = text.length;
  };
  if (column.isNumber) {
    const step = Math.max(1, Math.floor(sheet.length / 500));
    for (let row = 0; row < sheet.length; row += step) measure(cellText(sheet, name, row));
  } else column.texts.forEach((text) => measure(visible(text)));
  if (name === "state") longest += 3;
  return Math.min(longest, Math.max(MOST_WIDTH, title(name).length + 3)) + 2;
}

function rowHeight() {
  return NARROW.matches ? 40 : 30;
}

function drawGrid(sheet) {
  grid.names = (view.columns || defaultColumns(sheet)).filter((name) => sheet.has(name));
  grid.widths = grid.names.map((name) => widthOf(sheet, name));
  const head = el("div", { class: "row head", role: "row", "aria-rowindex": 1 },
    grid.names.map((name, n) => heading(sheet, name, n)));
  const body = el("div", { class: "body", role: "rowgroup" });
  const root = el("div", {
    class: "grid", role: "grid", tabindex: 0, id: "cells", "aria-label": "Table " + sheet.name,
    "aria-colcount": grid.names.length, onscroll: () => requestAnimationFrame(drawRows),
    onkeydown: gridKey, onclick: gridClick, onfocus: gridFocus,
  }, el("div", { role: "rowgroup", class: "heads" }, head), body);
  const tracks = grid.widths.map((width) => width + "ch").join(" ");
  root.style.setProperty("--tracks", tracks);
  root.style.setProperty("--row", rowHeight() + "px");
  grid.root = root;
  grid.body = body;
  grid.active.column = Math.min(grid.active.column, grid.names.length - 1);
  replace(byId("grid"), root);
}

function heading(sheet, name, n) {
  const sorted = view.sort === name;
  const direction = view.descending ? "descending" : "ascending";
  const arrow = sorted ? (view.descending ? "\u2193" : "\u2191") : "";
  const number = sheet.columns.get(name).isNumber ? " number" : "";
  return el("div", {
    class: "cell" + number, role: "columnheader", "aria-colindex": n + 1,
    "aria-sort": sorted ? direction : "none",
  }, el("button", {
    type: "button", tabindex: n ? -1 : 0, title: "Sort by " + title(name),
    onclick: () => toggleSort(name), onkeydown: headKey, "data-column": n,
  }, title(name), el("span", { class: "arrow", "aria-hidden": "true" }, arrow)));
}

// Ascending, descending, as the table has it.
function toggleSort(name) {
  if (view.sort !== name) change({ sort: name, descending: false }, "rows");
  else if (!view.descending) change({ descending: true }, "rows");
  else change({ sort: "", descending: false }, "rows");
  tell(view.sort ? `sorted by ${title(name)}, ${view.descending ? "descending" : "ascending"}`
    : "in the order of the table");
}

function setRows(sheet, rows) {
  grid.rows = rows;
  grid.sheet = sheet;
  grid.root.setAttribute("aria-rowcount", rows.length + 1);
  grid.body.style.height = rows.length * rowHeight() + "px";
  clearRows();
  grid.active.place = view.row ? rows.findIndex((row) => sheet.keyOf(row) === view.row) : -1;
  for (const [n, name] of grid.names.entries()) {
    const head = grid.root.querySelector(`[aria-colindex="${n + 1}"][role=columnheader]`);
    const sorted = view.sort === name;
    head.setAttribute("aria-sort",
      sorted ? (view.descending ? "descending" : "ascending") : "none");
    head.querySelector(".arrow").textContent =
      sorted ? (view.descending ? "\u2193" : "\u2191") : "";
  }
  drawRows();
}

function clearRows() {
  grid.shown.clear();
  grid.body.replaceChildren();
}

function inSight() {
  const height = rowHeight();
  const top = Math.max(0, Math.floor(grid.root.scrollTop / height) - OVERSCAN);
  const count = Math.ceil(grid.root.clientHeight / height) + 2 * OVERSCAN;
  return [top, Math.min(grid.rows.length, top + count)];
}

function drawRows() {
  const [from, to] = inSight();
  for (const [place, node] of grid.shown) {
    if (place < from || place >= to) {
      node.remove();
      grid.shown.delete(place);
    }
  }
  for (let place = from; place < to; place++) {
    if (grid.shown.has(place)) continue;
    const node = drawRow(place);
    grid.shown.set(place, node);
    grid.body.append(node);
  }
  markActive();
}

function drawRow(place) {
  const { sheet } = grid;
  const row = grid.rows[place];
  const node = el("div", {
    class: "row" + (sheet.isRanked[row] ? "" : " unranked"), role: "row", "aria-rowindex": place + 2,
    "data-place": place, "aria-selected": sheet.keyOf(row) === view.row ? "true" : "false",
  }, grid.names.map((name, n) => cell(sheet, name, row, place, n)));
  node.style.transform = `translateY(${place * rowHeight()}px)`;
  return node;
}

function cell(sheet, name, row, place, n) {
  const text = cellText(sheet, name, row);
  const isNumber = sheet.columns.get(name).isNumber;
  const long = !isNumber && text.length > grid.widths[n] - 2;
  return el("div", {
    class: "cell" + (isNumber ? " number" : ""), role: "gridcell", "aria-colindex": n + 1,
    id: `cell-${place}-${n}`, title: long ? text.slice(0, 400) : null,
  }, name === "state" || name === "verdict" || name === "target" ? badge(text) : text);
}

const SIGNS = {
  ok: "\u2713", PARTLY: "\u25d0", INVALID: "\u26a0", FASTER: "\u25bc", BETTER: "\u25b2",
  SLOWER: "\u25b2", WORSE: "\u25bc", SAME: "=", AMBIGUOUS: "?", met: "\u2713", missed: "\u2717",
};
const GOOD = new Set(["ok", "FASTER", "BETTER", "met"]);
const NEUTRAL = new Set(["SAME", "AMBIGUOUS", "PARTLY"]);

function badge(text) {
  if (!text) return "";
  const tone = GOOD.has(text) ? "good" : NEUTRAL.has(text) ? "neutral" : "bad";
  return el("span", { class: "badge " + tone },
    el("span", { "aria-hidden": "true" }, (SIGNS[text] || "\u2717") + "\u00a0"), text);
}
